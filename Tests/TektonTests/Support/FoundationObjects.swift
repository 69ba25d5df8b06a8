import FoundationEssentials
import Kubernetes

@testable import Tekton

// What steptrace reads of an object, as Foundation's decoder reads it: to compare with.

struct FoundationMeta: Decodable {
    let value: ObjectMeta

    private enum CodingKeys: String, CodingKey {
        case name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, ownerReferences
        case labels, annotations
    }

    private struct Owner: Decodable {
        let kind: String
        let name: String
        let uid: String
        let controller: Bool?
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let owners = try container.decodeIfPresent([Owner].self, forKey: .ownerReferences) ?? []
        let kept = CodingUserInfoKey(rawValue: "kept").flatMap { decoder.userInfo[$0] as? [[String]] } ?? [[], []]
        value = ObjectMeta(
            name: try container.decode(String.self, forKey: .name),
            namespace: try container.decodeIfPresent(String.self, forKey: .namespace) ?? "",
            uid: try container.decodeIfPresent(String.self, forKey: .uid) ?? "",
            resourceVersion: try container.decodeIfPresent(String.self, forKey: .resourceVersion) ?? "",
            creationTimestamp: try container.decodeIfPresent(KubernetesTime.self, forKey: .creationTimestamp),
            deletionTimestamp: try container.decodeIfPresent(KubernetesTime.self, forKey: .deletionTimestamp),
            labels: try Self.strings(container, .labels, kept[0]),
            annotations: try Self.strings(container, .annotations, kept[1]),
            ownerReferences: owners.map {
                OwnerReference(kind: $0.kind, name: $0.name, uid: $0.uid, controller: $0.controller ?? false)
            }
        )
    }

    private struct MapKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { nil }
    }

    private static func strings(
        _ container: KeyedDecodingContainer<CodingKeys>,
        _ key: CodingKeys,
        _ names: [String]
    ) throws -> [String: String] {
        guard !names.isEmpty, container.contains(key), try !container.decodeNil(forKey: key) else { return [:] }
        let map = try container.nestedContainer(keyedBy: MapKey.self, forKey: key)
        var kept: [String: String] = [:]
        for name in names { kept[name] = try map.decodeIfPresent(String.self, forKey: MapKey(stringValue: name)) }
        return kept
    }
}

struct FoundationCondition: Decodable {
    let type: String
    let status: String
    let reason: String?
    let message: String?
    let lastTransitionTime: KubernetesTime?

    var value: AttemptStatus.Condition {
        AttemptStatus.Condition(
            type: type,
            status: status,
            reason: reason,
            message: message,
            lastTransitionTime: lastTransitionTime
        )
    }
}

struct FoundationTerminated: Decodable {
    let exitCode: Int?
    let reason: String?
    let startedAt: KubernetesTime?
    let finishedAt: KubernetesTime?
    let containerID: String?
    let message: String?

    var value: ContainerState.Terminated {
        let told = message.flatMap { FoundationMessage.parse($0) }
        let hasFailed = startedAt.nonZero == nil && ["StartError", "ContainerCannotRun"].contains(reason)
        return ContainerState.Terminated(
            exitCode: exitCode ?? 0,
            reason: reason.nonEmpty,
            startedAt: startedAt.nonZero,
            finishedAt: finishedAt.nonZero,
            containerID: containerID.nonEmpty,
            message: told,
            startFailure: hasFailed && told == nil ? message.nonEmpty?.cutAsDescription : nil
        )
    }
}

enum FoundationMessage {
    private struct Result: Decodable {
        let key: String
        let value: String
        let isInternal: Bool

        private enum CodingKeys: String, CodingKey {
            case key, value, type
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            key = try container.decode(String.self, forKey: .key)
            value = (try? container.decodeIfPresent(String.self, forKey: .value)) ?? ""
            if let number = try? container.decodeIfPresent(Int.self, forKey: .type) {
                isInternal = number == 3
            } else {
                let name = try? container.decodeIfPresent(String.self, forKey: .type)
                isInternal = name == "InternalTektonResult"
            }
        }
    }

    static func parse(_ text: String) -> TerminationMessage? {
        guard text.utf8.first == UInt8(ascii: "["),
            let results = try? JSONDecoder().decode([Result].self, from: Data(text.utf8))
        else { return nil }
        var message = TerminationMessage()
        for result in results where result.isInternal {
            switch result.key {
            case "StartedAt": message.startedAt = KubernetesTime(result.value)
            case "ExitCode": message.exitCode = Int(result.value)
            case "Reason": message.reason = result.value
            default: break
            }
        }
        return message
    }
}

struct FoundationAttempt: Decodable {
    private struct Step: Decodable {
        let name: String
        let container: String?
        let terminated: FoundationTerminated?
        let terminationReason: String?
    }

    private let podName: String?
    private let startTime: KubernetesTime?
    private let completionTime: KubernetesTime?
    private let conditions: [FoundationCondition]?
    private let steps: [Step]?

    var value: AttemptStatus {
        AttemptStatus(
            podName: podName.nonEmpty,
            startTime: startTime,
            completionTime: completionTime,
            condition: conditions?.first { $0.type == "Succeeded" }?.value,
            steps: (steps ?? []).map {
                AttemptStatus.Step(
                    name: $0.name,
                    container: $0.container,
                    terminated: $0.terminated?.value,
                    terminationReason: $0.terminationReason
                )
            }
        )
    }
}

protocol FoundationObject: Decodable {
    associatedtype Value: KubernetesResource & Equatable
    /// Labels and annotations.
    static var kept: [[String]] { get }
    var value: Value { get }
}

struct FoundationTaskRun: FoundationObject {
    private struct Spec: Decodable {
        let taskRef: Named?
    }

    private struct Named: Decodable {
        let name: String?
    }

    private struct Status: Decodable {
        let spanContext: Carrier?
        let retriesStatus: [FoundationAttempt]?
        let taskSpec: TaskSpec?
    }

    private struct Carrier: Decodable {
        let traceparent: String?
        let tracestate: String?
    }

    private struct TaskSpec: Decodable {
        let steps: [Named]?
    }

    private enum CodingKeys: String, CodingKey {
        case metadata, spec, status
    }

    static let kept = [
        [
            "tekton.dev/pipeline", "tekton.dev/pipelineRun", "tekton.dev/pipelineRunUID", "tekton.dev/pipelineTask",
            "tekton.dev/task",
        ], [],
    ]
    let value: TaskRun

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let status = try container.decodeIfPresent(Status.self, forKey: .status)
        value = TaskRun(
            metadata: try container.decode(FoundationMeta.self, forKey: .metadata).value,
            taskRefName: try container.decodeIfPresent(Spec.self, forKey: .spec)?.taskRef?.name.nonEmpty,
            status: try container.decodeIfPresent(FoundationAttempt.self, forKey: .status)?.value ?? AttemptStatus(),
            spanContext: status?.spanContext?.traceparent.flatMap {
                SpanContext(traceparent: $0, traceState: status?.spanContext?.tracestate ?? "")
            },
            retries: (status?.retriesStatus ?? []).map(\.value),
            specStepNames: (status?.taskSpec?.steps ?? []).enumerated().map { $1.name.nonEmpty ?? "unnamed-\($0)" }
        )
    }
}

struct FoundationPod: FoundationObject {
    private struct Spec: Decodable {
        let nodeName: String?
        let initContainers: [Container]?
        let containers: [Container]?
    }

    private struct Container: Decodable {
        let name: String
        let image: String?
        let restartPolicy: String?
        let firstArgument: String?

        private enum CodingKeys: String, CodingKey {
            case name, image, args, restartPolicy
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decode(String.self, forKey: .name)
            image = try container.decodeIfPresent(String.self, forKey: .image)
            restartPolicy = try container.decodeIfPresent(String.self, forKey: .restartPolicy)
            if container.contains(.args), try !container.decodeNil(forKey: .args) {
                var arguments = try container.nestedUnkeyedContainer(forKey: .args)
                firstArgument = try? arguments.decode(String.self)
            } else {
                firstArgument = nil
            }
        }

        var value: Pod.Container { Pod.Container(name: name, image: image, restartPolicy: restartPolicy) }
    }

    private struct Status: Decodable {
        let phase: String?
        let reason: String?
        let conditions: [FoundationCondition]?
        let initContainerStatuses: [ContainerStatus]?
        let containerStatuses: [ContainerStatus]?
    }

    private struct ContainerStatus: Decodable {
        let name: String
        let state: State?
        let imageID: String?
        let containerID: String?
    }

    private struct State: Decodable {
        struct Waiting: Decodable {
            let reason: String?
            let message: String?
        }
        struct Running: Decodable {
            let startedAt: KubernetesTime?
        }
        let waiting: Waiting?
        let running: Running?
        let terminated: FoundationTerminated?

        var value: ContainerState {
            ContainerState(
                waitingReason: waiting?.reason,
                waitingMessage: waiting?.reason == "CreateContainerConfigError"
                    ? (waiting?.message).nonEmpty?.cutAsDescription : nil,
                running: running?.startedAt,
                terminated: terminated?.value
            )
        }
    }

    private enum CodingKeys: String, CodingKey {
        case metadata, spec, status
    }

    static let kept = [["tekton.dev/taskRunUID"], ["tekton.dev/ready"]]
    let value: Pod

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let metadata = try container.decode(FoundationMeta.self, forKey: .metadata).value
        let spec = try container.decodeIfPresent(Spec.self, forKey: .spec)
        let status = try container.decodeIfPresent(Status.self, forKey: .status)
        var pod = Pod(
            metadata: metadata,
            nodeName: spec?.nodeName.nonEmpty,
            initContainers: (spec?.initContainers ?? []).map(\.value),
            containers: (spec?.containers ?? []).map(\.value),
            phase: status?.phase,
            reason: status?.reason.nonEmpty,
            scheduled: status?.conditions?.first { $0.type == "PodScheduled" }?.value,
            disruption: status?.conditions?.first {
                $0.type == "DisruptionTarget" && $0.status == "True" && $0.reason.nonEmpty != nil
            }.map { Pod.Disruption(reason: $0.reason ?? "", since: $0.lastTransitionTime) },
            awaitsReady: spec?.containers?.first { $0.name.hasPrefix("step-") }?.firstArgument != "-post_file"
        )
        for entry in (status?.initContainerStatuses ?? []) + (status?.containerStatuses ?? []) {
            pod.containerStatuses[entry.name] = Pod.ContainerStatus(
                name: entry.name,
                state: entry.state?.value,
                imageID: entry.imageID,
                containerID: entry.containerID
            )
        }
        value = pod
    }
}

struct FoundationEvent: FoundationObject {
    private struct InvolvedObject: Decodable {
        let uid: String?
        let fieldPath: String?
    }

    private enum CodingKeys: String, CodingKey {
        case metadata, involvedObject, reason, message, firstTimestamp, eventTime
    }

    static let kept: [[String]] = [[], []]
    let value: Event

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let object = try container.decode(InvolvedObject.self, forKey: .involvedObject)
        let first = try container.decodeIfPresent(KubernetesTime.self, forKey: .firstTimestamp).nonZero
        let time = try container.decodeIfPresent(KubernetesTime.self, forKey: .eventTime).nonZero
        value = Event(
            metadata: try container.decode(FoundationMeta.self, forKey: .metadata).value,
            podUID: object.uid ?? "",
            fieldPath: object.fieldPath,
            reason: try container.decodeIfPresent(String.self, forKey: .reason) ?? "",
            message: try container.decodeIfPresent(String.self, forKey: .message) ?? "",
            time: first ?? time
        )
    }
}

/// An object, or why there is none; and, if it can be told, which it is.
struct LenientFoundationObject<Object: FoundationObject>: Decodable {
    struct Identity: Decodable {
        struct Metadata: Decodable {
            var name: String?
            var namespace: String?
            var uid: String?
            var resourceVersion: String?
        }
        let metadata: Metadata
    }

    private(set) var object: Object.Value?
    let key: ObjectKey
    let resourceVersion: String

    init(from decoder: any Decoder) throws {
        if let object = try? Object(from: decoder).value {
            self.object = object
            key = object.key
            resourceVersion = object.metadata.resourceVersion
        } else {
            let identity = try? Identity(from: decoder).metadata
            key = ObjectKey(
                namespace: identity?.namespace ?? "",
                name: identity?.name ?? "",
                uid: identity?.uid ?? ""
            )
            resourceVersion = identity?.resourceVersion ?? ""
        }
    }

    /// - Throws: when the text is malformed.
    static func read(_ text: [UInt8]) throws -> Self {
        let decoder = JSONDecoder()
        if let key = CodingUserInfoKey(rawValue: "kept") { decoder.userInfo[key] = Object.kept }
        return try decoder.decode(Self.self, from: Data(text))
    }
}
