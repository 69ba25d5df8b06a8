import Compression
import OTLP
import SwiftProtobuf

/// Whole requests over HTTP/1.1 whose bodies are wrong: OTLP in protobuf and JSON, and its compression.
extension HostileCase {
    static func bodies(good: [UInt8]) throws -> [HostileCase] {
        try protobuf(good) + json() + compressed(good)
    }

    private static func post(
        _ name: String,
        _ body: [UInt8],
        type: String = "application/x-protobuf",
        encoding: String? = nil,
        _ expected: Expectation = .statuses([400])
    ) -> HostileCase {
        let encoding = encoding.map { "Content-Encoding: \($0)\r\n" } ?? ""
        let head =
            "POST /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: \(type)\r\n\(encoding)"
            + "Content-Length: \(body.count)\r\n\r\n"
        return HostileCase(name, Array(head.utf8) + body, expected)
    }

    // MARK: Protobuf

    private static func varint(_ value: Int) -> [UInt8] {
        var rest = UInt64(value)
        var bytes: [UInt8] = []
        while rest >= 128 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(bytes.count) + bytes
    }

    /// A request with one span of these bytes.
    private static func span(_ bytes: [UInt8]) -> [UInt8] { field(1, field(2, field(2, bytes))) }

    /// An attribute whose value is an array in an array, and so on.
    private static func nested(_ levels: Int) -> [UInt8] {
        var value: [UInt8] = []
        // ArrayValue is field 5 of AnyValue, its values are field 1.
        for _ in 0..<levels { value = field(5, field(1, value)) }
        return span(field(9, field(1, Array("a".utf8)) + field(2, value)))
    }

    private static func protobuf(_ good: [UInt8]) -> [HostileCase] {
        let ids = field(1, [UInt8](repeating: 1, count: 16)) + field(2, [UInt8](repeating: 2, count: 8))
        return [
            post("field number 0", [0x02, 0]),
            post("wire type 6", [0x0E, 0]),
            post("wire type 7", [0x0F, 0]),
            post("end of a group that has not begun", [0x14]),
            post("group that does not end", [0x13, 0x08, 1]),
            post("groups in groups, 100,000", [UInt8](repeating: 0x13, count: 100_000)),
            post("wrong wire type of resource_spans", [0x08, 1], .anyOf([200, 400])),
            post("varint of 11 bytes", [0x08] + [UInt8](repeating: 0xFF, count: 10) + [1]),
            post("varint that does not end", [0x0A, 0x80]),
            post("length behind the end", [0x0A, 100, 1]),
            post("length of 2^31", [0x0A, 0x80, 0x80, 0x80, 0x80, 8]),
            post("length of 2^63", [0x0A] + [UInt8](repeating: 0x80, count: 9) + [1]),
            post("fixed64 cut off", [0x09, 1, 2, 3]),
            post("name in invalid UTF-8", span(ids + field(5, [0xC3, 0x28]))),
            post("name in UTF-8 of a surrogate", span(ids + field(5, [0xED, 0xA0, 0x80]))),
            post("trace id of 15 bytes", span(field(1, [UInt8](repeating: 1, count: 15)))),
            post("span id of 9 bytes", span(field(2, [UInt8](repeating: 1, count: 9)))),
            post("values nested 10,000 deep", nested(10_000)),
            post("values nested 100,000 deep", nested(100_000).count < 1 << 20 ? nested(100_000) : nested(50_000)),
            post("500,000 empty resource_spans", (0..<500_000).flatMap { _ in [UInt8(0x0A), 0] }, .statuses([200])),
            post("300,000 unknown fields", (0..<300_000).flatMap { _ in [UInt8(0x78), 1] }, .statuses([200])),
            post("the same as text", Array("resource_spans { }".utf8)),
            post("HTML", Array("<html><body>Bad Gateway</body></html>".utf8)),
            post("gzip without saying so", (try? gzip(good)) ?? []),
        ]
            + [1, 2, 3, good.count / 4, good.count / 2, good.count - 1].map {
                post("good body cut off at \($0)", Array(good.prefix($0)))
            }
    }

    // MARK: JSON

    private static func json() -> [HostileCase] {
        func post(_ name: String, _ text: String, _ expected: Expectation = .statuses([400])) -> HostileCase {
            Self.post("JSON: " + name, Array(text.utf8), type: "application/json", expected)
        }
        func many(_ count: Int, _ text: String) -> String { String(repeating: text, count: count) }
        func span(_ fields: String) -> String { #"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(fields)}]}]}]}"# }
        let ids = #""traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174""#
        return [
            post("nothing", ""),
            post("null", "null", .anyOf([200, 400])),
            post("a number", "1"),
            post("an array", "[]"),
            post("object that does not end", "{"),
            post("text that does not end", #"{"a":"b"#),
            post("no comma", #"{"a":1 "b":2}"#),
            post("a comma too many", #"{"a":1,}"#),
            post("key that is no text", "{1:2}"),
            post("more behind the end", "{}{}"),
            post("arrays 100,000 deep", many(100_000, "[")),
            post("objects 100,000 deep", many(100_000, #"{"a":"#)),
            post("arrays in an unknown field, 100,000 deep", #"{"a":"# + many(100_000, "[") + many(100_000, "]") + "}"),
            post(
                "values 10,000 deep",
                span(
                    ids + #","attributes":[{"key":"a","value":"# + many(10_000, #"{"arrayValue":{"values":["#)
                        + many(10_000, "]}}") + "}]"
                )
            ),
            post("unknown escape", #"{"a":"\q"}"#),
            post("half a surrogate pair", span(ids + #","name":"\ud800""#)),
            post("control character in a text", "{\"a\":\"\u{1}\"}"),
            post("NaN", span(ids + #","startTimeUnixNano":NaN"#)),
            post("a time of 1e999", span(ids + #","startTimeUnixNano":1e999"#)),
            post("a time of 2^64", span(ids + #","startTimeUnixNano":"18446744073709551616""#)),
            post("a negative time", span(ids + #","startTimeUnixNano":"-1""#)),
            post("id with an odd number of digits", span(#""traceId":"5b8"# + #"","spanId":"eee19b7ec3c1b174""#)),
            post("id that is not hexadecimal", span(#""traceId":"zz8efff798038103d269b633813fc60c""#)),
            post("id that is a number", span(#""traceId":1"#)),
            post("spans that are an object", #"{"resourceSpans":{}}"#),
            post("number with leading zeros", #"{"a":01}"#),
            Self.post(
                "JSON: text in invalid UTF-8",
                Array(#"{"a":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8),
                type: "application/json"
            ),
            Self.post("JSON: UTF-16", [0xFE, 0xFF, 0, 0x7B, 0, 0x7D], type: "application/json"),
            Self.post("JSON: protobuf", [0x0A, 0], type: "application/json"),
        ]
    }

    // MARK: Compression

    private static func compressed(_ good: [UInt8]) throws -> [HostileCase] {
        let zeros = [UInt8](repeating: 0, count: 64 << 20)
        let bomb = try gzip(zeros)
        let whole = try gzip(good)
        func gzipped(_ name: String, _ body: [UInt8], _ expected: Expectation = .statuses([400])) -> HostileCase {
            post("gzip: " + name, body, encoding: "gzip", expected)
        }
        var wrongSum = whole
        wrongSum[wrongSum.count - 5] ^= 0xFF
        var wrongLength = whole
        wrongLength[wrongLength.count - 1] ^= 0xFF
        let empty = try gzip([])
        return [
            gzipped("bomb of 64 MiB", bomb, .statuses([413])),
            gzipped("bomb in a bomb", try gzip(bomb)),
            gzipped(
                "bomb of many members",
                [[UInt8]](repeating: try gzip([UInt8](repeating: 0, count: 1 << 19)), count: 9).flatMap { $0 },
                .statuses([413])
            ),
            gzipped("40,000 empty members", (0..<40_000).flatMap { _ in empty }, .anyOf([200, 400])),
            gzipped("nothing", []),
            gzipped("the magic number alone", [0x1F, 0x8B]),
            gzipped("unknown method", [0x1F, 0x8B, 9, 0, 0, 0, 0, 0, 0, 3]),
            gzipped(
                "file name that does not end",
                [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3] + [UInt8](repeating: 0x61, count: 500_000)
            ),
            gzipped("wrong checksum", wrongSum),
            gzipped("wrong length", wrongLength),
            gzipped("rubbish behind the end", whole + [1, 2, 3]),
            gzipped("cut off", Array(whole.prefix(whole.count / 2))),
            gzipped("good, but what is in it is not", try gzip([0x02, 0])),
            post("deflate: rubbish", [0xFF, 0xFE, 0xFD], encoding: "deflate"),
            post("zlib: with a dictionary", [0x78, 0xBB, 0, 0, 0, 1, 3, 0], encoding: "zlib"),
        ]
    }
}
