public import Kubernetes

/// What steptrace uses of a Kubernetes Event (core/v1).
public struct Event: KubernetesResource, Equatable {
    public static let resource = APIResource(group: "", versions: ["v1"], plural: "events")
    /// Events about pods, and no others. Events have no labels of their pods. The reasons are the most frequent ones of those that say nothing of steps.
    public static let fieldSelector =
        "involvedObject.kind=Pod,reason!=Created,reason!=Started,reason!=Killing,reason!=Unhealthy"

    public var metadata: ObjectMeta
    /// UID of the pod it is about.
    public var podUID: String
    /// Such as `spec.containers{step-build}`.
    public var fieldPath: String?
    public var reason: String
    public var message: String
    /// When it first happened: `firstTimestamp`, or `eventTime` where the reporter (the scheduler) sets only that.
    public var time: KubernetesTime?

    public init(
        metadata: ObjectMeta,
        podUID: String,
        fieldPath: String? = nil,
        reason: String,
        message: String = "",
        time: KubernetesTime?
    ) {
        self.metadata = metadata
        self.podUID = podUID
        self.fieldPath = fieldPath
        self.reason = reason
        self.message = message
        self.time = time
    }

    /// The container in `fieldPath`, of `spec.containers{...}` or `spec.initContainers{...}`.
    public var containerName: String? {
        guard let fieldPath, let open = fieldPath.firstIndex(of: "{"), fieldPath.last == "}" else { return nil }
        return String(fieldPath[fieldPath.index(after: open)...].dropLast())
    }
}

extension Event: Decodable {
    private enum CodingKeys: String, CodingKey {
        case metadata, involvedObject, reason, message, firstTimestamp, eventTime
    }

    private struct InvolvedObject: Decodable {
        let uid: String?
        let fieldPath: String?
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metadata = try container.decode(ObjectMeta.self, forKey: .metadata)
        let object = try container.decode(InvolvedObject.self, forKey: .involvedObject)
        podUID = object.uid ?? ""
        fieldPath = object.fieldPath
        reason = try container.decodeIfPresent(String.self, forKey: .reason) ?? ""
        message = try container.decodeIfPresent(String.self, forKey: .message) ?? ""
        time =
            try container.decodeIfPresent(KubernetesTime.self, forKey: .firstTimestamp).nonZero
            ?? container.decodeIfPresent(KubernetesTime.self, forKey: .eventTime).nonZero
    }
}
