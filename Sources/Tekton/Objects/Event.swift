public import Kubernetes

/// What steptrace uses of a Kubernetes Event (core/v1).
public struct Event: KubernetesResource, Equatable {
    public static let resource = APIResource(group: "", versions: ["v1"], plural: "events")
    /// Events are deleted when they are old; what they told stays true.
    public static let deletionsMatter = false
    /// Events about pods, and no others; they have no labels of their pods. The reasons are the most frequent of those that
    /// say nothing of steps.
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

extension Event {
    private enum Key: String, JSONKey {
        case metadata, involvedObject, reason, message, firstTimestamp, eventTime
        static let table = JSONKeyTable<Self>()
    }

    private enum ObjectKey: String, JSONKey {
        case uid, fieldPath
        static let table = JSONKeyTable<Self>()
    }

    public init(reading reader: inout JSONReader) throws(JSONReadError) {
        var metadata: ObjectMeta?
        var hasObject = false
        var firstTimestamp: KubernetesTime?
        var eventTime: KubernetesTime?
        self.init(metadata: ObjectMeta(name: ""), podUID: "", reason: "", time: nil)
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .metadata: metadata = try ObjectMeta(reading: &reader, keeping: Self.keptMetadata)
            case .involvedObject:
                hasObject = true
                var object = try reader.fields(ObjectKey.self)
                while let key = try object.next(in: &reader) {
                    switch key {
                    case .uid: podUID = try reader.sharedStringIfPresent() ?? ""
                    case .fieldPath: fieldPath = try reader.sharedStringIfPresent()
                    }
                }
            case .reason: reason = try reader.sharedStringIfPresent() ?? ""
            case .message: message = try reader.stringIfPresent() ?? ""
            case .firstTimestamp: firstTimestamp = try reader.timeIfPresent().nonZero
            case .eventTime: eventTime = try reader.timeIfPresent().nonZero
            }
        }
        guard let metadata else { throw fields.missing(.metadata) }
        guard hasObject else { throw fields.missing(.involvedObject) }
        self.metadata = metadata
        time = firstTimestamp ?? eventTime
    }
}
