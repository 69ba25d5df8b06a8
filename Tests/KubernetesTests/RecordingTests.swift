import FoundationEssentials
import Testing

@testable import Kubernetes

/// What a real API server sent.
@Suite struct RecordingTests {
    private enum LineKey: String, JSONKey {
        case event
        static let table = JSONKeyTable<Self>()
    }

    private enum PodKey: String, JSONKey {
        case metadata
        static let table = JSONKeyTable<Self>()
    }

    private struct Pod: KubernetesResource {
        static let resource = APIResource(group: "", versions: ["v1"], plural: "pods")
        static let keptMetadata = KeptMetadata(labels: ["tekton.dev/taskRun"])

        private(set) var metadata = ObjectMeta(name: "")

        init(reading reader: inout JSONReader) throws(JSONReadError) {
            var fields = try reader.fields(PodKey.self)
            while try fields.next(in: &reader) != nil {
                metadata = try ObjectMeta(reading: &reader, keeping: Self.keptMetadata)
            }
        }
    }

    /// The event in a line, which has the time of its arrival beside it.
    private func event(_ line: ArraySlice<UInt8>) throws -> WatchEvent<Pod> {
        var reader = JSONReader(Array(line))
        var fields = try reader.fields(LineKey.self)
        _ = try #require(try fields.next(in: &reader))
        let start = try reader.position()
        try reader.skipValue()
        return try WatchEvent(Array(Array(line)[start..<reader.offset]), strings: StringPool())
    }

    private func file(_ path: String) throws -> Data {
        var folder = URL(filePath: #filePath)
        folder.deleteLastPathComponent()
        folder.deleteLastPathComponent()
        return try Data(contentsOf: folder.appending(path: "Fixtures/recordings/\(path)"))
    }

    @Test("lists are read whole", arguments: ["success", "pipelinerun", "invalid", "sidecar"])
    func lists(scenario: String) throws {
        for kind in ["taskruns", "pods", "events"] {
            let list = try ObjectList<Pod>([UInt8](try file("\(scenario)/\(kind).json")), strings: StringPool())
            #expect(list.items.allSatisfy { $0.object?.metadata.creationTimestamp != nil })
            #expect(list.items.allSatisfy { !$0.key.uid.isEmpty && !$0.resourceVersion.isEmpty })
            #expect(!list.page.resourceVersion.isEmpty)
        }
    }

    @Test func watchesTellOfEveryPodAndItsEnd() throws {
        var machine = ReflectorStateMachine(random: { 0 })
        _ = machine.start()
        _ = machine.listed(ReflectorStateMachine.Page(keys: [], resourceVersion: "1", continueToken: ""))
        var lines = LineSplitter(limit: 1 << 20)
        var told: [String] = []
        var last = ""
        lines.append([UInt8](try file("cancel/pods.watch.jsonl")))
        while let line = try lines.next() {
            guard case .change(let change, let pod) = try event(line) else { continue }
            let actions = machine.watchEvent(change, pod.key, resourceVersion: pod.resourceVersion)
            #expect(actions.emissions.count == 1)
            told.append(change.rawValue)
            last = pod.resourceVersion
            #expect(pod.object?.metadata.ownerReferences.first?.kind == "TaskRun")
            #expect(pod.object.map { Array($0.metadata.labels.keys) } == ["tekton.dev/taskRun"])
        }
        #expect(told.first == "ADDED" && told.last == "DELETED")
        let next = machine.watchEnded(nil, after: .seconds(300), events: told.count, now: .zero).next
        #expect(next == .watch(ReflectorStateMachine.WatchRequest(resourceVersion: last, timeoutSeconds: 300)))
    }
}
