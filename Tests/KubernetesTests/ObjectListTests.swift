import Testing

@testable import Kubernetes

@Suite struct ObjectListTests {
    private func list(_ text: String) throws -> ObjectList<Build> {
        try ObjectList<Build>(Array(text.utf8), strings: StringPool())
    }

    @Test func itemsAndMetadataAreFoundWhereverTheyStand() throws {
        let items = [Build.json("a", version: "1"), Build.json("b", version: "2")].joined(separator: " , ")
        for text in [
            #"{"kind":"List","items":[\#(items)],"x":{"items":[1]},"metadata":{"resourceVersion":"9","continue":"c"}}"#,
            #" {"metadata":{"continue":"c","resourceVersion":"9"},"items" : [ \#(items) ] } "#,
        ] {
            let list = try list(text)
            #expect(list.items.map(\.object?.metadata.name) == ["a", "b"])
            #expect(list.page.resourceVersion == "9" && list.page.continueToken == "c")
        }
    }

    @Test func nullIsAnEmptyListAndNoKeyIsNone() throws {
        #expect(try list(#"{"items":null,"metadata":{}}"#).items.isEmpty)
        #expect(try list(#"{"items":[ ],"metadata":{"continue":null}}"#).items.isEmpty)
        #expect(throws: JSONReadError.self) { try list(#"{"rows":[],"metadata":{}}"#) }
        #expect(throws: JSONReadError.self) { try list(#"{"items":[]}"#) }
    }

    @Test func anItemThatCannotBeReadDoesNotSpoilTheOthers() throws {
        let bad = #"{"metadata":{"name":"bad","namespace":"ci","uid":"u","resourceVersion":"3"},"spec":{"steps":"x"}}"#
        let text = #"{"items":[\#(Build.json("a", version: "1")),\#(bad),7,{"metadata":{"name":3}}],"metadata":{}}"#
        let items = try list(text).items
        #expect(items.map(\.object?.metadata.name) == ["a", nil, nil, nil])
        #expect(items.map(\.key.name) == ["a", "bad", "", ""])
        #expect(items[1].key == ObjectKey(namespace: "ci", name: "bad", uid: "u"))
        #expect(items[1].resourceVersion == "3")
        let problems = items.map(\.problem)
        #expect(
            problems == [
                nil, "spec.steps: is not of type Int", "is not an object", "metadata.name: is not of type String",
            ]
        )
    }

    @Test(
        "what is no whole object is refused",
        arguments: [
            "", " ", "<html>", "[]", "{", "{}", #"{"items"}"#, #"{"items":"#, #"{"items":[}"#, #"{"items":[1,]}"#,
            #"{"items":[1 2]}"#, #"{"items":3}"#, #"{"items":[]"#, #"{"items":[]} x"#, #"{"a":"\"#, #"{"a":{"b":[}"#,
        ]
    )
    func malformed(text: String) {
        #expect(throws: JSONReadError.self) { try list(text) }
    }

    @Test func theTypeOfAnEventMayStandBehindItsObject() throws {
        let build = Build.json("a", version: "1")
        for line in [#"{"type":"MODIFIED","object":\#(build)}"#, #"{"object":\#(build),"x":1,"type":"MODIFIED"}"#] {
            guard case .change(.modified, let object) = try WatchEvent<Build>(Array(line.utf8), strings: StringPool())
            else {
                Issue.record("no change: \(line)")
                continue
            }
            #expect(object.object?.metadata.name == "a")
        }
    }

    @Test(
        "a line that is no event is refused",
        arguments: [
            "", "3", "{}", #"{"type":"ADDED"}"#, #"{"object":{}}"#, #"{"type":3,"object":{}}"#,
            #"{"type":"BOOKMARK","object":{}}"#, #"{"type":"ADDED","object":{}"#, #"{"type":"ADDED","object":{}}x"#,
        ]
    )
    func noEvents(line: String) {
        #expect(throws: (any Error).self) { try WatchEvent<Build>(Array(line.utf8), strings: StringPool()) }
    }
}
