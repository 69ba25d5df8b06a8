import Testing

@testable import Kubernetes

@Suite struct ListSplitterTests {
    private func items(_ text: String) throws -> [String]? {
        let bytes = Array(text.utf8)
        return try ListSplitter(bytes).items?.map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test func itemsAreFoundWhereverTheyStandAndWhateverIsInThem() throws {
        let text = #"""
             {"kind": "List", "x": [{"items": [1]}, "}"], "items" : [ {"a": "]}\\"}, {"b":[{}, [] ]},"c",-1.5e3 , null],
             "metadata":{"continue":""} }
            """#
        #expect(try items(text) == [#"{"a": "]}\\"}"#, #"{"b":[{}, [] ]}"#, #""c""#, "-1.5e3", "null"])
        let bytes = Array(text.utf8)
        let metadata = try #require(try ListSplitter(bytes).metadata)
        #expect(String(decoding: bytes[metadata], as: UTF8.self) == #"{"continue":""}"#)
    }

    @Test func nullIsAnEmptyListAndNoKeyIsNone() throws {
        #expect(try items(#"{"items":null}"#) == [])
        #expect(try items(#"{"items":[ ]}"#) == [])
        #expect(try items(#"{"rows":[]}"#) == nil)
    }

    @Test(
        "what is no whole object is refused",
        arguments: [
            "", " ", "<html>", "[]", "{", "{}", #"{"items"}"#, #"{"items":"#, #"{"items":[}"#, #"{"items":[1,]}"#,
            #"{"items":[1 2]}"#, #"{"items":3}"#, #"{"items":[]"#, #"{"items":[]} x"#, #"{"a":"\"#, #"{"a":{"b":[}"#,
        ]
    )
    func malformed(text: String) {
        #expect(throws: ListSplitter.Problem.self) { try items(text) }
    }

    @Test func everyPrefixOfAListIsRefused() {
        let text = #"{"metadata":{"a":"b\\\""},"items":[{"a":[1,{"b":null}]},"x"]}"#
        for count in 0..<text.utf8.count {
            #expect(throws: ListSplitter.Problem.self, "\(count) bytes") {
                try items(String(decoding: text.utf8.prefix(count), as: UTF8.self))
            }
        }
    }
}
