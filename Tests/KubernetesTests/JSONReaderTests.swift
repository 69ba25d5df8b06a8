import Testing

@testable import Kubernetes

@Suite struct JSONReaderTests {
    private func read<Value>(_ text: String, _ body: (inout JSONReader) throws(JSONReadError) -> Value) throws -> Value
    {
        var reader = JSONReader(Array(text.utf8))
        let value = try body(&reader)
        try reader.end()
        return value
    }

    private enum Key: String, JSONKey {
        case name
        case aKeyOfMoreThanEightBytes
        case aKeyOfMoreThanEightBitts
        static let table = JSONKeyTable<Self>()
    }

    private func fields(_ text: String) throws -> [String] {
        try read(text) { reader throws(JSONReadError) in
            var found: [String] = []
            var fields = try reader.fields(Key.self)
            while let key = try fields.next(in: &reader) { found.append("\(key)=\(try reader.string())") }
            return found
        }
    }

    @Test func onlyTheFieldsAskedForAreTold() throws {
        let text = #"""
             { "names": [{"name": "no"}, "}", -1.5e3, true, null, {}, [] ] , "name" : "a" ,"nam":"b",
             "aKeyOfMoreThanEightBytes":"c","aKeyOfMoreThanEightByte":0, "aKeyOfMoreThanEightBitts":"d"}
            """#
        #expect(
            try fields(text) == ["name=a", "aKeyOfMoreThanEightBytes=c", "aKeyOfMoreThanEightBitts=d"]
        )
    }

    @Test func theFirstOfSeveralFieldsWithOneKeyCounts() throws {
        #expect(try fields(#"{"name":"a","name":3,"n\u0061me":"c"}"#) == ["name=a"])
        #expect(try fields(#"{"n\u0061me":"c","name":"a"}"#) == ["name=c"])
    }

    @Test(
        "strings mean what RFC 8259 says",
        arguments: [
            (#""""#, ""), (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{C}\n\r\tz"),
            (#""\u00e9\u20ac\ud83d\ude00""#, "\u{e9}\u{20ac}\u{1F600}"),
            ("\"\u{e9}\u{20ac}\u{1F600}, more than 16 bytes\"", "\u{e9}\u{20ac}\u{1F600}, more than 16 bytes"),
            (#""\u0000""#, "\0"), (#""plain, and longer than eight bytes""#, "plain, and longer than eight bytes"),
        ]
    )
    func strings(text: String, meaning: String) throws {
        #expect(try read(text) { reader throws(JSONReadError) in try reader.string() } == meaning)
        // The second comes from the pool.
        let both = try read("[\(text),\(text)]") { reader throws(JSONReadError) in
            var strings: [String] = []
            var elements = try reader.elements()
            while try elements.next(in: &reader) { strings.append(try reader.sharedString()) }
            return strings
        }
        #expect(both == [meaning, meaning])
    }

    @Test(
        "a string that is none is told, and can be passed over",
        arguments: [#"\ud83d"#, #"\ud83dx"#, #"\ude00"#, #"\ud83d\u0041"#, #"\x"#, #"\u12g4"#, "a\u{1}b"]
    )
    func invalidStrings(content: String) throws {
        let text = Array("[\"\(content)\",1]".utf8)
        var reader = JSONReader(text)
        var elements = try reader.elements()
        #expect(try elements.next(in: &reader))
        var other = reader
        #expect(throws: JSONReadError.unexpected(offset: 1, reason: "is not a valid string")) { try other.string() }
        try reader.skipValue()
        #expect(try elements.next(in: &reader))
        #expect(try reader.integerIfPresent() == 1)
    }

    @Test func bytesThatAreNoUTF8AreNoString() throws {
        var reader = JSONReader([0x22, 0xC3, 0x28, 0x22])
        #expect(throws: JSONReadError.self) { try reader.string() }
    }

    @Test(
        "whole numbers are read however they are written",
        arguments: [
            ("0", 0), ("-0", 0), ("12", 12), ("-7", -7), ("1.0", 1), ("1.5e1", 15), ("9223372036854775807", .max),
        ]
    )
    func integers(text: String, value: Int) throws {
        #expect(try read(text) { reader throws(JSONReadError) in try reader.integerIfPresent() } == value)
    }

    @Test(
        "what is no whole number, or too large, is told",
        arguments: ["1.5", "1e400", "9223372036854775808", "01", "1.", "-", "1e", "\"1\"", "true", "[]", "--1", "1-2"]
    )
    func notIntegers(text: String) {
        #expect(throws: JSONReadError.self) {
            try read(text) { reader throws(JSONReadError) in try reader.integerIfPresent() }
        }
    }

    @Test(
        "what is no JSON is refused, wherever it stands in what is passed over",
        arguments: [
            "", " ", "{", "[", "\"", "\"\\", "\"\\\"", "\"\\u\"", "\"\\u12\"", "\"\\u123", "{\"a\"}", "{\"a\":}",
            "{\"a\":1,}", "{,}", "[1,]", "[,]",
            "[1 2]",
            "{\"a\":1 \"b\":2}", "{1:2}", "tru", "nul", "x", "[}", "{]", "{\"a\":[}", "+1", "\u{e9}", "[1]x", "1 1",
        ]
    )
    func malformed(text: String) {
        #expect(throws: JSONReadError.self) {
            try read(text) { reader throws(JSONReadError) in try reader.skipValue() }
        }
        let inside = "{\"other\":\(text),\"name\":\"a\"}"
        // What is too much outside may be well inside, and the other way round.
        if !text.hasSuffix("x"), !text.hasSuffix(" 1") {
            #expect(throws: JSONReadError.self) { try fields(inside) }
        }
    }

    private func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test func whatIsPassedOverMayNestAsItLikes() throws {
        func skip(_ text: String) throws {
            try read(text) { reader throws(JSONReadError) in try reader.skipValue() }
        }
        for depth in [1, 63, 64, 65, 127, 128, 129, 512, 513, 1 << 20] {
            try skip(nested(depth))
            try skip(String(repeating: #"{"a":["#, count: depth) + "7" + String(repeating: "]}", count: depth))
            #expect(try fields("{\"a\":\(nested(depth)),\"name\":\"b\"}") == ["name=b"])
        }
        // Which bracket belongs to which is known at every depth.
        for depth in [1, 63, 64, 65, 128, 1000] {
            let open = String(repeating: #"[{"a":"#, count: depth)
            for end in ["", "}", "]}", "1" + String(repeating: "}]", count: depth - 1) + "]}"] {
                #expect(throws: JSONReadError.self) { try skip(open + end) }
            }
        }
        #expect(throws: JSONReadError.malformed(offset: 8 << 20)) { try skip(String(repeating: "[", count: 8 << 20)) }
    }

    @Test func whatIsGoneIntoHasALimitedDepth() throws {
        func goInto(_ reader: inout JSONReader) throws(JSONReadError) {
            var elements = try reader.elements()
            while try elements.next(in: &reader) { try goInto(&reader) }
        }
        func goInto(_ text: String) throws {
            try read(text) { reader throws(JSONReadError) in try goInto(&reader) }
        }
        try goInto(nested(JSONReader.maxDepth))
        // No fault of the text: the rest of it can be used.
        #expect(
            throws: JSONReadError.unexpected(offset: JSONReader.maxDepth, reason: "is nested deeper than 512 levels")
        ) { try goInto(nested(JSONReader.maxDepth + 1)) }
    }

    @Test func everyPrefixOfATextIsRefused() {
        let text = #"{"metadata":{"a":"b\\\""},"name":"x","items":[{"a":[1,{"b":null}]},"x"]}"#
        for count in 0..<text.utf8.count {
            #expect(throws: JSONReadError.self, "\(count) bytes") {
                try fields(String(decoding: text.utf8.prefix(count), as: UTF8.self))
            }
        }
    }

    @Test func problemsAreToldWithTheirPath() throws {
        let text = Array(#"{"a":[{},{"b":"x","c\n":[[1,2]]}]}"#.utf8)
        let offset = try #require(text.firstIndex(of: UInt8(ascii: "2")))
        let reader = JSONReader(text)
        #expect(reader.summary(of: .unexpected(offset: offset, reason: "is odd"), from: 0) == "a[1].c\n[0][1]: is odd")
        #expect(reader.summary(of: .unexpected(offset: 0, reason: "is odd"), from: 0) == "is odd")
    }

    @Test func whatStandsBeforeAProblemMayNestAsItLikes() throws {
        let text = Array(#"{"deep":\#(nested(100_000)),"a":[\#(nested(100_000)),{"b":7}]}"#.utf8)
        let offset = try #require(text.firstIndex(of: UInt8(ascii: "7")))
        let reader = JSONReader(text)
        #expect(reader.summary(of: .unexpected(offset: offset, reason: "is odd"), from: 0) == "a[1].b: is odd")
    }
}
