import FoundationEssentials
import HTTPClient

/// Leases are read and written one by one; there are as many as there are replicas.
extension KubernetesClient {
    /// - Parameter timeout: of the whole exchange; later the answer would tell nothing.
    public func leases(
        in namespace: String,
        labelSelector: String,
        timeout: Duration
    ) async throws(KubernetesError) -> [Lease] {
        let query = ObjectSelection(labelSelector: labelSelector).query
        let path = Lease.resource.path(version: "v1", namespace: namespace)
        let body = try await exchange("list", "GET", path, query: query, timeout: timeout)
        do {
            return try JSONDecoder().decode(LeaseList.self, from: Data(body)).leases
        } catch {
            throw KubernetesError(.decoding, "GET \(path): \(decodingSummary(error))")
        }
    }

    /// - Returns: the Lease as the API server has it, with its creation time.
    /// - Throws: `KubernetesError.isConflict` when there is one of this name.
    public func create(_ lease: Lease, timeout: Duration) async throws(KubernetesError) -> Lease {
        let path = Lease.resource.path(version: "v1", namespace: lease.metadata.namespace)
        return try await write("create", "POST", path, lease, timeout)
    }

    /// - Throws: `KubernetesError.isConflict` when somebody else has changed it, `.notFound` when it is gone.
    public func update(_ lease: Lease, timeout: Duration) async throws(KubernetesError) -> Lease {
        try await write("update", "PUT", path(of: lease), lease, timeout)
    }

    /// Deletes it if it still is this very one: of this UID and resource version, those that are not empty.
    ///
    /// - Throws: `KubernetesError.isConflict` when it is not, `.notFound` when it is gone.
    public func delete(_ lease: Lease, timeout: Duration) async throws(KubernetesError) {
        let options = DeleteOptions(
            preconditions: DeleteOptions.Preconditions(
                uid: lease.metadata.uid.isEmpty ? nil : lease.metadata.uid,
                resourceVersion: lease.metadata.resourceVersion.isEmpty ? nil : lease.metadata.resourceVersion
            )
        )
        _ = try await exchange("delete", "DELETE", path(of: lease), encoding: options, timeout: timeout)
    }

    private func path(of lease: Lease) -> String {
        Lease.resource.path(version: "v1", namespace: lease.metadata.namespace) + "/\(lease.metadata.name)"
    }

    private func write(
        _ verb: String,
        _ method: String,
        _ path: String,
        _ lease: Lease,
        _ timeout: Duration
    ) async throws(KubernetesError) -> Lease {
        let body = try await exchange(verb, method, path, encoding: lease, timeout: timeout)
        do {
            return try JSONDecoder().decode(Lease.self, from: Data(body))
        } catch {
            throw KubernetesError(.decoding, "\(method) \(path): \(decodingSummary(error))")
        }
    }

    private func exchange(
        _ verb: String,
        _ method: String,
        _ path: String,
        query: [(name: String, value: String)] = [],
        encoding value: (any Encodable & Sendable)? = nil,
        timeout: Duration
    ) async throws(KubernetesError) -> [UInt8] {
        let body: [UInt8]
        do {
            body = try value.map { [UInt8](try JSONEncoder().encode($0)) } ?? []
        } catch {
            throw KubernetesError(.decoding, "\(method) \(path): \(error)")
        }
        let credentials = try await authorization.credentials()
        var response = try await exchange(verb, method, path, query, body, timeout, credentials)
        if response.status == 401, let other = try await authorization.replacement(for: credentials) {
            response = try await exchange(verb, method, path, query, body, timeout, other)
        }
        guard (200..<300).contains(response.status) else {
            throw KubernetesError(
                status: response.status,
                headers: response.headers,
                body: response.body,
                resource: nil,
                request: "\(method) \(path)"
            )
        }
        return response.body
    }

    private func exchange(
        _ verb: String,
        _ method: String,
        _ path: String,
        _ query: [(name: String, value: String)],
        _ body: [UInt8],
        _ timeout: Duration,
        _ credentials: Authorization.Credentials
    ) async throws(KubernetesError) -> HTTPClientResponse {
        var request = request(path, query, credentials)
        request.method = method
        request.body = body
        request.timeout = timeout
        if !body.isEmpty { request.headers.append((name: "Content-Type", value: "application/json")) }
        do {
            let response = try await transport.send(request)
            requests.count(verb, status: response.status)
            return response
        } catch {
            requests.count(verb, status: nil)
            throw KubernetesError(error, request: "\(method) \(path)", server: server)
        }
    }
}

extension KubernetesError {
    /// 409: there is such an object already, or it is not in the state that was named.
    public var isConflict: Bool { kind == .server(status: 409) }
}

/// `DeleteOptions` of `meta/v1`.
private struct DeleteOptions: Encodable, Sendable {
    struct Preconditions: Encodable, Sendable {
        let uid: String?
        let resourceVersion: String?
    }

    let apiVersion = "v1"
    let kind = "DeleteOptions"
    let preconditions: Preconditions
}
