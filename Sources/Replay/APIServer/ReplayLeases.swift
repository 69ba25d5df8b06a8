internal import FoundationEssentials
internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1

/// The Leases of a ``ReplayAPIServer``: created, renewed, listed and deleted by those whom it serves.
public final class ReplayLeases: Sendable {
    public struct Lease: Sendable, Equatable {
        public let namespace: String
        public let name: String
        public let holder: String
        public let uid: String
    }

    struct State: Sendable {
        var store = LeaseStore()
        var requests: [LeaseRequest] = []
        var failure: APIStatus?
        var creationTime: String?
    }

    private let state = Observed(State())

    init() {}

    /// Ordered by namespace and name.
    public var all: [Lease] { Self.leases(state.value) }

    /// So far, in the order of their arrival.
    public var requests: [LeaseRequest] { state.value.requests }

    /// The creation timestamp of Leases from now on; nil for the time that it is.
    public func create(at time: String?) { state.update { $0.creationTime = time } }

    /// Answers every request like this; nil for as it should be.
    public func fail(with status: APIStatus?) { state.update { $0.failure = status } }

    /// True once the condition holds; false when it did not within the timeout.
    public func waitUntil(
        timeout: Duration = .seconds(20),
        _ condition: @escaping @Sendable ([Lease]) -> Bool
    ) async -> Bool {
        await state.wait(timeout: timeout) { condition(Self.leases($0)) }
    }

    private static func leases(_ state: State) -> [Lease] {
        state.store.leases.sorted { $0.key < $1.key }.map { key, lease in
            Lease(
                namespace: String(key.prefix { $0 != "/" }),
                name: lease.metadata.name,
                holder: lease.spec?.holderIdentity ?? "",
                uid: lease.metadata.uid ?? ""
            )
        }
    }

    /// Nil for a request that is not about Leases.
    func answer(_ request: HTTPServerRequest) -> HTTPServerResponse? {
        guard let parsed = LeaseRequest(method: request.method.rawValue, path: request.path, query: request.query)
        else {
            return nil
        }
        let now = Date().formatted(.iso8601)
        let answer = state.update { state in
            state.requests.append(parsed)
            if let failure = state.failure { return LeaseStore.answer(failure) }
            return state.store.answer(
                parsed,
                body: Array(request.body.readableBytesView),
                now: state.creationTime ?? now
            )
        }
        return HTTPServerResponse(
            status: HTTPResponseStatus(statusCode: answer.code),
            headers: ["Content-Type": "application/json"],
            body: ByteBuffer(bytes: answer.body)
        )
    }
}

/// A request about Leases.
public struct LeaseRequest: Sendable, Equatable {
    public enum Verb: String, Sendable {
        case list
        case create
        case update
        case delete
    }

    public let verb: Verb
    public let namespace: String
    /// Empty for lists and for what is created.
    public let name: String
    let labels: Selector

    init?(method: String, path: String, query: String) {
        let segments = path.split(separator: "/").map { PercentEncoding.decoded($0) }
        guard segments.starts(with: ["apis", "coordination.k8s.io", "v1", "namespaces"]), segments.count >= 6,
            segments[5] == "leases"
        else { return nil }
        switch (method, segments.count) {
        case ("GET", 6): verb = .list
        case ("POST", 6): verb = .create
        case ("PUT", 7): verb = .update
        case ("DELETE", 7): verb = .delete
        default: return nil
        }
        namespace = segments[4]
        name = segments.count == 7 ? segments[6] : ""
        let selector = query.split(separator: "&").first { $0.hasPrefix("labelSelector=") }
        guard let labels = Selector(PercentEncoding.decoded(selector?.dropFirst("labelSelector=".count) ?? "")) else {
            return nil
        }
        self.labels = labels
    }
}
