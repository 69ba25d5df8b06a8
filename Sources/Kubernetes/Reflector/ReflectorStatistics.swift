import Synchronization

/// What has happened to a reflector. For self-telemetry.
public final class ReflectorStatistics: Sendable {
    public struct Snapshot: Sendable, Equatable {
        /// The objects have been listed, and are watched as far as is known.
        public var isFollowing = false
        /// The last attempt to list or watch has failed.
        public var isFailing = false
        /// When the API server last sent a list or an event, bookmarks included.
        public var lastEvent: ContinuousClock.Instant?
        /// Lists that were begun, the first one included, as lists or as the beginning of a watch.
        public var lists = 0
        /// Failed attempts by ``KubernetesError/Kind-swift.enum/name``.
        public var errors: [String: Int] = [:]
        /// Objects that could not be read and were left out.
        public var skippedObjects = 0
    }

    private let state = Mutex(Snapshot())

    public init() {}

    public var snapshot: Snapshot { state.withLock { $0 } }

    func update(_ body: (inout sending Snapshot) -> Void) { state.withLock { body(&$0) } }
}

extension KubernetesError.Kind {
    /// For labels.
    public var name: String {
        switch self {
        case .unauthorized: "unauthorized"
        case .forbidden: "forbidden"
        case .notFound: "not_found"
        case .expired: "expired"
        case .resourceVersionTooLarge: "resource_version_too_large"
        case .tooManyRequests: "too_many_requests"
        case .tooLarge: "too_large"
        case .connect: "connect"
        case .transport: "transport"
        case .storageRead: "storage_read"
        case .server: "server"
        case .decoding: "decoding"
        }
    }
}
