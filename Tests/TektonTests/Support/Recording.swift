import FoundationEssentials
import Kubernetes
import Testing

@testable import Tekton

/// The objects of a recorded scenario (Tests/Fixtures/recordings), as their watches showed them.
struct Recording {
    enum Change: Sendable {
        case taskRun(TaskRun, isDeleted: Bool)
        case pod(Pod, isDeleted: Bool)
        case event(Event, isDeleted: Bool)
    }

    static let scenarios = [
        "cancel", "deleted", "image-pull-backoff", "invalid", "onerror-continue", "oom", "pipelinerun", "results",
        "retries",
        "short", "sidecar", "step-fails", "success", "timeout", "traceparent", "unnamed-steps", "unschedulable",
    ]

    /// In the order of their arrival, with nanoseconds since 1970.
    let changes: [(time: Int64, change: Change)]

    init(_ scenario: String) throws {
        var changes: [(Int64, Change)] = []
        for line in try Self.lines(of: "taskruns", in: scenario, as: TaskRun.self) {
            changes.append((line.t, .taskRun(line.event.object, isDeleted: line.event.type == "DELETED")))
        }
        for line in try Self.lines(of: "pods", in: scenario, as: Pod.self) {
            changes.append((line.t, .pod(line.event.object, isDeleted: line.event.type == "DELETED")))
        }
        for line in try Self.lines(of: "events", in: scenario, as: Event.self) {
            changes.append((line.t, .event(line.event.object, isDeleted: line.event.type == "DELETED")))
        }
        self.changes = changes.sorted { $0.0 < $1.0 }.map { (time: $0.0, change: $0.1) }
    }

    private struct Line<Object: KubernetesResource> {
        struct WatchEvent {
            let type: String
            let object: Object
        }
        let t: Int64
        let event: WatchEvent

        init(_ text: [UInt8]) throws {
            var reader = JSONReader(text)
            var time: Int?
            var type: String?
            var object: Object?
            var fields = try reader.fields(LineKey.self)
            while let key = try fields.next(in: &reader) {
                switch key {
                case .t: time = try reader.integerIfPresent()
                case .event:
                    var event = try reader.fields(EventKey.self)
                    while let key = try event.next(in: &reader) {
                        switch key {
                        case .type: type = try reader.string()
                        case .object: object = try Object(reading: &reader)
                        }
                    }
                }
            }
            t = Int64(try #require(time))
            event = WatchEvent(type: try #require(type), object: try #require(object))
        }
    }

    private static func lines<Object: KubernetesResource>(
        of kind: String,
        in scenario: String,
        as type: Object.Type
    ) throws -> [Line<Object>] {
        let path = Fixtures.path("recordings/\(scenario)/\(kind).watch.jsonl")
        let text = [UInt8](try Data(contentsOf: URL(filePath: path)))
        return try text.split(separator: UInt8(ascii: "\n")).map { try Line(Array($0)) }
    }
}

private enum LineKey: String, JSONKey {
    case t, event
    static let table = JSONKeyTable<Self>()
}

private enum EventKey: String, JSONKey {
    case type, object
    static let table = JSONKeyTable<Self>()
}

extension ExplainedObjects {
    /// What is known when all changes have been seen.
    init(_ changes: [Recording.Change]) {
        self.init()
        for change in changes {
            switch change {
            case .taskRun(let taskRun, let isDeleted): add(taskRun, isDeleted: isDeleted)
            case .pod(let pod, let isDeleted): add(pod, isDeleted: isDeleted)
            case .event(let event, _): add(event)
            }
        }
    }
}

enum Fixtures {
    /// The path of a file in Tests/Fixtures, wherever the package was checked out.
    static func path(_ name: String) -> String {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return tests.joined(separator: "/") + "/Fixtures/" + name
    }
}
