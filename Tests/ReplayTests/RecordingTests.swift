import FoundationEssentials
import Testing

@testable import Replay

@Suite("Recordings")
struct RecordingTests {
    @Test("exports and events are loaded in the order of their arrival, from the first on")
    func loading() throws {
        let recording = try Fixtures.recording("pipelinerun")
        #expect(recording.name == "pipelinerun")
        #expect(recording.namespace == "lab-pipelinerun")
        #expect(recording.exports.count == 8)
        #expect(recording.exports[0].body.count == 11_214)
        #expect(recording.exports[0].path == "/v1/traces")
        #expect(
            recording.exports[0].headers.contains { $0.name == "Content-Type" && $0.value == "application/x-protobuf" }
        )
        #expect(recording.objectEvents.count == 27 + 30 + 65 + 6)
        #expect(recording.objectEvents[0].offset == .zero)
        #expect(recording.objectEvents.map(\.offset) == recording.objectEvents.map(\.offset).sorted())
        #expect(recording.duration > .seconds(19) && recording.duration < .seconds(20))
        #expect(recording.finalObjects.count { $0.key.resource == .taskRuns } == 3)
    }

    @Test("an object's JSON is kept as it was sent")
    func rawJSON() throws {
        let recording = try Fixtures.recording("deleted")
        let deleted = try #require(
            recording.objectEvents.last { $0.kind == .deleted && $0.object.key.resource == .pods }
        )
        let text = String(decoding: deleted.object.json, as: UTF8.self)
        #expect(text.hasPrefix(#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"deleted-1-pod""#))
        #expect(text.hasSuffix("}"))
        #expect(deleted.object.labels["tekton.dev/taskRun"] == "deleted-1")
    }

    @Test("every recording can be loaded")
    func all() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Fixtures.recordings)
        #expect(names.count == 17)
        for name in names {
            let recording = try Fixtures.recording(name)
            #expect(recording.name == name)
            #expect(!recording.exports.isEmpty)
        }
    }

    @Test("the recordings in the binary are those in the fixtures", arguments: EmbeddedRecording.allCases)
    func embedded(_ embedded: EmbeddedRecording) throws {
        let packed = try embedded.load()
        let original = try Fixtures.recording(embedded.rawValue)
        #expect(packed.name == original.name)
        #expect(packed.exports == original.exports)
        #expect(packed.objectEvents == original.objectEvents)
    }

    @Test("what is wrong with a recording is said with its file and line")
    func errors() throws {
        #expect(throws: RecordingError.self) { try Recording(folder: "/nonexistent") }
        var files = try RecordingFiles(folder: "\(Fixtures.recordings)/short")
        files.contents["pods.watch.jsonl"]?.append(contentsOf: Array("{\"t\":1}\n".utf8))
        #expect(throws: RecordingError(location: "pods.watch.jsonl:11", reason: "not an event of a watch")) {
            try Recording(files)
        }
        #expect(throws: RecordingError.self) { try RecordingFiles(packed: Array("meta.json 99\nshort".utf8)) }
        #expect(throws: RecordingError.self) { try RecordingFiles(packed: Array("meta.json -1\nshort".utf8)) }
        #expect(throws: RecordingError.self) { try RecordingFiles(packed: Array("no end".utf8)) }
    }

    @Test("a server's own resource version takes the place of the recorded one, and nothing else's")
    func resourceVersion() throws {
        let object = try Fixtures.object(.events, "e", extra: #","involvedObject":{"resourceVersion":"77"}"#)
        let text = String(decoding: object.json(resourceVersion: "5"), as: UTF8.self)
        #expect(text.contains(#""uid":"uid-e","resourceVersion":"5""#))
        #expect(text.contains(#""involvedObject":{"resourceVersion":"77"}"#))
    }
}
