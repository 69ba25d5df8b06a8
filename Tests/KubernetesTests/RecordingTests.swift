import FoundationEssentials
import Testing

@testable import Kubernetes

/// What a real API server sent.
@Suite struct RecordingTests {
    private struct Line<Resource: KubernetesResource>: Decodable {
        let event: WatchEvent<Resource>
    }

    private struct Pod: KubernetesResource {
        static let resource = APIResource(group: "", versions: ["v1"], plural: "pods")
        static let keptMetadata = KeptMetadata(labels: ["tekton.dev/taskRun"])

        let metadata: ObjectMeta
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
            let decoder = JSONDecoder(keeping: Pod.keptMetadata)
            let list = try ObjectList<Pod>([UInt8](try file("\(scenario)/\(kind).json")), decoder)
            #expect(list.items.allSatisfy { $0.object?.metadata.creationTimestamp != nil })
            #expect(list.items.allSatisfy { !$0.key.uid.isEmpty && !$0.resourceVersion.isEmpty })
            #expect(!list.page.resourceVersion.isEmpty)
        }
    }

    @Test func watchesTellOfEveryPodAndItsEnd() throws {
        let decoder = JSONDecoder(keeping: Pod.keptMetadata)
        var machine = ReflectorStateMachine(random: { 0 })
        _ = machine.start()
        _ = machine.listed(ReflectorStateMachine.Page(keys: [], resourceVersion: "1", continueToken: ""))
        var lines = LineSplitter(limit: 1 << 20)
        var told: [String] = []
        var last = ""
        lines.append([UInt8](try file("cancel/pods.watch.jsonl")))
        while let line = try lines.next() {
            guard case .change(let change, let pod) = try decoder.decode(Line<Pod>.self, from: Data(line)).event else {
                continue
            }
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
