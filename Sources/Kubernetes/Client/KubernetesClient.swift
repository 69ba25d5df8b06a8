import FoundationEssentials
import HTTPClient
public import Logging

/// Requests to one API server.
public struct KubernetesClient: Sendable {
    /// A server without watch cache limits pages by number, not by size; 500 large objects fit.
    static let maxListBytes = 64 << 20
    private static let maxErrorBytes = 64 << 10
    private static let maxErrorTime = Duration.seconds(10)
    /// The API server's own limit for requests that are not watches.
    private static let requestTimeout = Duration.seconds(60)

    let transport: any APITransport
    let authorization: Authorization
    private let userAgent: String
    public let requests = APIRequestCounts()
    let server: String
    /// The service account's own or the context's namespace.
    public let namespace: String?

    /// - Parameters:
    ///   - environment: for tokens and certificates that are read again, and for programs that hand them out.
    ///   - userAgent: `steptrace/1.2.3`.
    /// - Throws: when the certificates and keys of `access` cannot be used.
    public init(
        access: ClusterAccess,
        environment: ClusterEnvironment = .process,
        userAgent: String,
        logger: Logger
    ) throws(KubernetesConfigError) {
        if access.tls.insecureSkipVerify {
            logger.warning(
                "The API server's certificate is not verified: whoever is in between can read and change everything",
                metadata: ["server": "\(access.server)", "because": "insecure-skip-tls-verify"]
            )
        }
        let authorization = Authorization(access, in: environment, logger: logger)
        let start = ContinuousClock.now
        let transport: ClusterTransport
        do {
            transport = try ClusterTransport(
                access,
                in: environment,
                now: { ContinuousClock.now - start },
                issued: { authorization.certificate },
                logger: logger
            )
        } catch {
            throw KubernetesConfigError(access.server, error.message)
        }
        self.init(access: access, authorization: authorization, transport: transport, userAgent: userAgent)
    }

    init(
        access: ClusterAccess,
        authorization: Authorization,
        transport: any APITransport,
        userAgent: String
    ) {
        self.transport = transport
        self.userAgent = userAgent
        self.authorization = authorization
        server = access.server
        namespace = access.namespace
    }

    /// The first of the resource's versions in which the cluster serves it; the first of all when discovery is not allowed
    /// or does not know it, so that the error comes from the request itself.
    ///
    /// - Throws: when the server cannot be asked, or serves the group only in other versions.
    public func preferredVersion(of resource: APIResource) async throws(KubernetesError) -> String {
        guard !resource.group.isEmpty, resource.versions.count > 1 else { return resource.versions[0] }
        let path = "/apis/\(resource.group)"
        guard let group = try await discover(APIGroup.self, path) else { return resource.versions[0] }
        let served = group.versions.map(\.version)
        let candidates = resource.versions.filter(served.contains)
        guard let first = candidates.first else {
            throw KubernetesError(
                .notFound,
                "the cluster serves \(resource.qualifiedName) as \(served.joined(separator: ", ")); "
                    + "one of \(resource.versions.joined(separator: ", ")) is needed"
            )
        }
        // A version of the group need not have all of its resources.
        guard candidates.count > 1 else { return first }
        for version in candidates {
            let list = try await discover(APIResourceList.self, "\(path)/\(version)")
            if list?.resources.contains(where: { $0.name == resource.plural }) == true { return version }
        }
        return first
    }

    /// Nil when the server does not tell.
    private func discover<Document: Decodable>(
        _ type: Document.Type,
        _ path: String
    ) async throws(KubernetesError) -> Document? {
        let response: HTTPClientResponse
        do {
            response = try await get(path, query: [], resource: nil)
        } catch  where error.kind == .forbidden || error.kind == .notFound {
            return nil
        }
        do {
            return try JSONDecoder().decode(Document.self, from: Data(response.body))
        } catch {
            throw KubernetesError(.decoding, "GET \(path): \(decodingSummary(error))")
        }
    }

    /// One page of a list.
    func list(
        _ resource: APIResource,
        version: String,
        _ selection: ObjectSelection,
        _ request: ReflectorStateMachine.ListRequest
    ) async throws(KubernetesError) -> [UInt8] {
        var query = selection.query
        if let limit = request.limit { query.append(("limit", String(limit))) }
        if let token = request.continueToken {
            query.append(("continue", token))
        } else if !request.resourceVersion.isEmpty {
            query.append(("resourceVersion", request.resourceVersion))
        }
        let path = resource.path(version: version, namespace: selection.namespace)
        return try await get(path, query: query, resource: resource).body
    }

    /// The answer to a watch, once the server has accepted it.
    func watch(
        _ resource: APIResource,
        version: String,
        _ selection: ObjectSelection,
        _ request: ReflectorStateMachine.WatchRequest
    ) async throws(KubernetesError) -> APIStream {
        let path = resource.path(version: version, namespace: selection.namespace)
        var query = selection.query
        query += [
            ("watch", "1"),
            ("resourceVersion", request.resourceVersion),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", String(request.timeoutSeconds)),
        ]
        if request.sendsInitialEvents {
            query += [("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]
        }
        var credentials = try await authorization.credentials()
        var stream = try await stream(path, query, credentials, idleTimeout: request.longestSilence)
        if stream.status == 401, let other = try await authorization.replacement(for: credentials) {
            credentials = other
            stream = try await self.stream(path, query, credentials, idleTimeout: request.longestSilence)
        }
        guard stream.status == 200 else {
            throw KubernetesError(
                status: stream.status,
                headers: stream.headers,
                body: await Self.beginning(of: stream.body),
                resource: resource,
                request: "WATCH \(path)"
            )
        }
        return stream
    }

    private func get(
        _ path: String,
        query: [(name: String, value: String)],
        resource: APIResource?
    ) async throws(KubernetesError) -> HTTPClientResponse {
        let verb = resource == nil ? "get" : "list"
        let credentials = try await authorization.credentials()
        var response = try await send(verb, path, query, credentials)
        if response.status == 401, let other = try await authorization.replacement(for: credentials) {
            response = try await send(verb, path, query, other)
        }
        guard response.status == 200 else {
            throw KubernetesError(
                status: response.status,
                headers: response.headers,
                body: response.body,
                resource: resource,
                request: "GET \(path)"
            )
        }
        return response
    }

    private func send(
        _ verb: String,
        _ path: String,
        _ query: [(name: String, value: String)],
        _ credentials: Authorization.Credentials
    ) async throws(KubernetesError) -> HTTPClientResponse {
        var request = request(path, query, credentials)
        request.timeout = Self.requestTimeout
        request.maxResponseBytes = Self.maxListBytes
        do {
            let response = try await transport.send(request)
            requests.count(verb, status: response.status)
            return response
        } catch {
            requests.count(verb, status: nil)
            throw KubernetesError(error, request: "GET \(path)", server: server)
        }
    }

    private func stream(
        _ path: String,
        _ query: [(name: String, value: String)],
        _ credentials: Authorization.Credentials,
        idleTimeout: Duration
    ) async throws(KubernetesError) -> APIStream {
        var request = request(path, query, credentials)
        request.timeout = nil
        request.idleTimeout = idleTimeout
        do {
            let stream = try await transport.stream(request)
            requests.count("watch", status: stream.status)
            return stream
        } catch {
            requests.count("watch", status: nil)
            throw KubernetesError(error, request: "WATCH \(path)", server: server)
        }
    }

    func request(
        _ path: String,
        _ query: [(name: String, value: String)],
        _ credentials: Authorization.Credentials
    ) -> HTTPClientRequest {
        let url = server + path + (query.isEmpty ? "" : "?" + queryString(query))
        var request = HTTPClientRequest(method: "GET", url: url)
        request.headers = [("Accept", "application/json"), ("User-Agent", userAgent)]
        request.headers += credentials.headers.map { ($0.name, $0.value) }
        return request
    }

    /// The text of an error answer; as much of it as can be had.
    private static func beginning(of body: some AsyncSequence<[UInt8], HTTPClientError> & Sendable) async -> [UInt8] {
        var bytes: [UInt8] = []
        let began = ContinuousClock.now
        do {
            for try await chunk in body {
                bytes += chunk.prefix(maxErrorBytes - bytes.count)
                if bytes.count == maxErrorBytes || ContinuousClock.now - began > maxErrorTime { break }
            }
        } catch {
            return bytes
        }
        return bytes
    }
}

/// `APIGroup` of the discovery API.
private struct APIGroup: Decodable {
    struct Version: Decodable {
        let version: String
    }

    let versions: [Version]
}

private struct APIResourceList: Decodable {
    struct Resource: Decodable {
        let name: String
    }

    let resources: [Resource]
}
