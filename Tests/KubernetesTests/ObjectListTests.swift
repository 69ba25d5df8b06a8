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

    /// Such as the fields of an object's manager, or a parameter's schema.
    @Test func whatNobodyReadsOfAnObjectMayNestAsItLikes() throws {
        let deep = String(repeating: #"{"a":["#, count: 10_000) + String(repeating: "]}", count: 10_000)
        let object = Build.json("deep", version: "1").replacing(#"{"manager":"m"}"#, with: deep)
        let text = #"{"items":[\#(object),\#(Build.json("next", version: "2"))],"metadata":{}}"#
        #expect(try list(text).items.map(\.object?.metadata.name) == ["deep", "next"])
        let line = #"{"type":"ADDED","object":\#(object)}"#
        guard case .change(.added, let changed) = try WatchEvent<Build>(Array(line.utf8), strings: StringPool()) else {
            Issue.record("no change")
            return
        }
        #expect(changed.object?.metadata.name == "deep")
    }

    @Test func anItemThatNestsTooDeepWhereItIsReadDoesNotSpoilTheOthers() throws {
        func json(_ name: String, depth: Int) -> String {
            let levels = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            return #"{"levels":\#(levels),"metadata":{"name":"\#(name)","uid":"u"}}"#
        }
        let items = [json("a", depth: 3), json("deep", depth: 100_000), json("b", depth: 1)].joined(separator: ",")
        let list = try ObjectList<Tower>(
            Array(#"{"items":[\#(items)],"metadata":{}}"#.utf8),
            strings: StringPool()
        )
        #expect(list.items.map(\.key.name) == ["a", "deep", "b"])
        #expect(list.items.map { $0.object == nil } == [false, true, false])
        #expect(list.items[1].problem?.hasPrefix("levels[0][0]") == true)
        #expect(list.items[1].problem?.hasSuffix("[0]: is nested deeper than 512 levels") == true)
    }

    @Test func aTimeBeyondWhatNanosecondsHoldDoesNotSpoilItsObject() throws {
        func json(_ time: String) -> String {
            Build.json(time, version: "1").replacing(
                #""labels""#,
                with: #""creationTimestamp":"\#(time)","labels""#
            )
        }
        let times = [
            "0001-01-01T00:00:00Z", "1677-12-31T23:59:59Z", "1678-01-01T00:00:00Z", "2261-12-31T23:59:59Z",
            "2262-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-23:59", "0000-01-01T00:00:00+23:59",
        ]
        let items = try list(#"{"items":[\#(times.map(json).joined(separator: ","))],"metadata":{}}"#).items
        let read = items.map { $0.object?.metadata.creationTimestamp }
        #expect(read[0] == read[1] && read[1] == read[6])
        #expect(read[4] == read[5])
        let order = [read[0], read[2], read[3], read[4]].compactMap { $0 }
        #expect(order.count == 4 && zip(order, order.dropFirst()).allSatisfy { $0 < $1 })
        // What is no time stays none.
        #expect(try list(#"{"items":[\#(json("2262-02-30T00:00:00Z"))],"metadata":{}}"#).items[0].object == nil)
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

/// A kind of objects that nest where they are read.
private struct Tower: KubernetesResource {
    static let resource = APIResource(group: "test.dev", versions: ["v1"], plural: "towers")

    let metadata: ObjectMeta

    private enum Key: String, JSONKey {
        case metadata, levels
        static let table = JSONKeyTable<Self>()
    }

    init(reading reader: inout JSONReader) throws(JSONReadError) {
        var metadata: ObjectMeta?
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .metadata: metadata = try ObjectMeta(reading: &reader, keeping: Self.keptMetadata)
            case .levels: try Self.climb(&reader)
            }
        }
        guard let metadata else { throw fields.missing(.metadata) }
        self.metadata = metadata
    }

    private static func climb(_ reader: inout JSONReader) throws(JSONReadError) {
        var elements = try reader.elements()
        while try elements.next(in: &reader) { try climb(&reader) }
    }
}
