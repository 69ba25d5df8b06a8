public import Kubernetes

/// What the Events about a pod tell that the pod itself does not: image pulls, and whether it had to wait for a node.
///
/// The order in which events arrive, and how often, makes no difference.
public struct PodEvents: Sendable, Equatable {
    /// The pull of one container's image.
    public struct Pull: Sendable, Equatable {
        /// `Pulling`.
        public var began: KubernetesTime?
        /// `Pulled`. Without `began` the image was there already.
        public var succeeded: KubernetesTime?
        /// The first `Failed` or `BackOff`, if it was not pulled.
        public var failed: KubernetesTime?
        /// What the kubelet said of the first failure.
        public var failure: String?
        /// Bytes, when the event tells.
        public var imageSize: Int?
    }

    /// By container name.
    public internal(set) var pulls: [String: Pull] = [:]
    /// The scheduler did not find a node at once.
    public internal(set) var schedulingFailed = false
    /// An Event that comes after scheduling has been seen, so that no `FailedScheduling` is still to come.
    public internal(set) var isPastScheduling = false

    public init() {}

    /// True for events that `add` makes something of.
    public static func concerns(_ event: Event) -> Bool {
        switch event.reason {
        case "FailedScheduling", "Scheduled": true
        case "Pulling", "Pulled", "Failed", "BackOff": event.time != nil && event.containerName != nil
        default: false
        }
    }

    public mutating func add(_ event: Event) {
        if event.reason == "FailedScheduling" {
            schedulingFailed = true
            return
        }
        isPastScheduling = true
        guard Self.concerns(event), let time = event.time, let container = event.containerName else { return }
        var pull = pulls[container] ?? Pull()
        switch event.reason {
        case "Pulling":
            pull.began = earlier(pull.began, time)
        case "Pulled":
            pull.succeeded = earlier(pull.succeeded, time)
            pull.imageSize = Self.imageSize(in: event.message) ?? pull.imageSize
        default:
            // The kubelet says `Failed` twice in the same second: of the pull, and of the container. The longer text
            // tells more; ties are broken so that the order of arrival does not matter.
            let isEarlier = pull.failed.map { time < $0 } ?? true
            let isSame = pull.failed == time
            let told = pull.failure ?? ""
            if isEarlier || isSame && (event.message.utf8.count, event.message) > (told.utf8.count, told) {
                pull.failure = event.message
            }
            pull.failed = earlier(pull.failed, time)
        }
        pulls[container] = pull
    }

    private func earlier(_ known: KubernetesTime?, _ time: KubernetesTime) -> KubernetesTime {
        known.map { min($0, time) } ?? time
    }

    /// `... Image size: 41139574 bytes.` (kubelet since 1.29).
    private static func imageSize(in message: String) -> Int? {
        guard let label = message.firstRange(of: "Image size: ") else { return nil }
        return Int(message[label.upperBound...].prefix { $0.isASCII && $0.isNumber })
    }
}
