import HTTPClient
import Logging
import Synchronization

@testable import Kubernetes
@testable import Replay

/// A reflector that follows the objects of a replaying API server over sockets, and what it has told.
///
/// It waits a small part of the time that it wants to; how long that would have been is added up.
final class Follower<Resource: KubernetesResource>: Sendable {
    struct Told: Sendable {
        /// UID and resource version by namespace and name.
        var objects: [String: String] = [:]
        var errors: [KubernetesError.Kind] = []
        var waited = Duration.zero
        /// What should not have been told.
        var problems: [String] = []
    }

    let told = Observed(Told())
    private let query: ObjectQuery
    private let task: Task<Void, Never>

    /// - Parameters:
    ///   - streams: asks for streaming lists first, as the gateway does.
    ///   - haste: of a time that it wants to wait it waits so small a part.
    ///   - patience: how long the client waits for the rest of an answer, in place of minutes; nil for as long as it takes.
    ///   - handler: told everything, too.
    init(
        _ server: ReplayAPIServer,
        _ resource: RecordedResource,
        _ selection: ObjectSelection = ObjectSelection(),
        streams: Bool = true,
        haste: Int = 200,
        patience: Duration? = nil,
        handler: @escaping Reflector<Resource>.Handler = { _ in }
    ) throws {
        query = ObjectQuery(
            resource: resource,
            labels: Selector(selection.labelSelector ?? "") ?? .everything,
            fields: Selector(selection.fieldSelector ?? "") ?? .everything
        )
        let told = told
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let access = ClusterAccess(server: server.url)
        let client = KubernetesClient(
            access: access,
            authorization: Authorization(access, in: .process, logger: logger),
            transport: try ImpatientTransport(patience),
            userAgent: "steptrace/test"
        )
        let reflector = Reflector<Resource>(
            client: client,
            selection: selection,
            configuration: .init(streamsLists: streams, pageSize: 3),
            sleep: { try await Task.sleep(for: $0 / haste) },
            logger: logger,
            handler: { event in
                told.update { $0.note(event) }
                handler(event)
            }
        )
        task = Task { await reflector.run() }
    }

    /// True once it has told of exactly the objects that the server has now.
    func reaches(_ server: ReplayAPIServer, timeout: Duration = .seconds(60)) async -> Bool {
        let objects = server.objects(query)
        return await told.wait(timeout: timeout) { $0.objects == objects }
    }

    func stop() async {
        task.cancel()
        await task.value
    }
}

extension Follower.Told {
    fileprivate mutating func note(_ event: ReflectorEvent<Resource>) {
        switch event {
        case .applied(let object):
            let key = object.key
            let name = "\(key.namespace)/\(key.name)"
            if let known = objects[name], !known.hasPrefix("\(key.uid)@") {
                problems.append("\(name) was replaced without having been deleted")
            }
            objects[name] = "\(key.uid)@\(object.metadata.resourceVersion)"
        case .deleted(let key, let last):
            let name = "\(key.namespace)/\(key.name)"
            if let last, last.key != key { problems.append("\(name): its last state is another's") }
            guard let known = objects[name] else { return }
            if known.hasPrefix("\(key.uid)@") {
                objects[name] = nil
            } else {
                problems.append("\(name) was deleted although another has its name")
            }
        case .failed(let error, let wait):
            errors.append(error.kind)
            waited += wait
        case .synced, .recovered: break
        }
    }
}

extension ReplayAPIServer {
    /// UID and resource version by namespace and name.
    func objects(_ query: ObjectQuery) -> [String: String] {
        let stored = state.value.store.list(query).map { object in
            ("\(object.object.key.namespace)/\(object.object.key.name)", "\(object.object.uid)@\(object.revision)")
        }
        return Dictionary(uniqueKeysWithValues: stored)
    }

    /// How often a client has begun to ask for all objects, in pages or by a watch that begins with them.
    var beginnings: Int {
        requests.count { request in
            request.verb == .list && !request.query.contains("continue=")
                || request.query.contains("sendInitialEvents=true")
        }
    }
}

/// The HTTP client of the program, with less patience.
private struct ImpatientTransport: APITransport {
    private let client: HTTPClient
    private let patience: Duration?

    init(_ patience: Duration?) throws {
        var configuration = HTTPClientConfiguration()
        configuration.proxy = ""
        client = try HTTPClient(configuration: configuration)
        self.patience = patience
    }

    func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        var request = request
        if let patience { request.timeout = patience }
        return try await client.send(request)
    }

    func stream(_ request: HTTPClientRequest) async throws(HTTPClientError) -> APIStream {
        var request = request
        if let patience { request.idleTimeout = patience }
        let stream: APIStream = try await client.stream(request)
        return stream
    }
}
