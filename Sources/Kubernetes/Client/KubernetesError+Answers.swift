import FoundationEssentials
import HTTPClient

extension KubernetesError {
    /// Of an answer that is not a success.
    ///
    /// - Parameter resource: what was asked for; nil for discovery.
    init(
        status: Int,
        headers: [(name: String, value: String)],
        body: [UInt8],
        resource: APIResource?,
        request: String
    ) {
        let decoded = try? JSONDecoder().decode(KubernetesStatus.self, from: Data(body))
        let text = decoded?.message ?? String(decoding: body.prefix(200), as: UTF8.self).trimmingWhitespace()
        let header = headers.first { $0.name.lowercased() == "retry-after" }?.value
        self.init(
            decoded ?? KubernetesStatus(),
            status: status,
            text: text.isEmpty ? "no reason given" : text,
            retryAfterSeconds: decoded?.details?.retryAfterSeconds ?? header.flatMap { Int($0) },
            resource: resource,
            request: request
        )
    }

    /// Of an ERROR event in a watch.
    init(event status: KubernetesStatus, resource: APIResource, request: String) {
        self.init(
            status,
            status: nil,
            text: status.message ?? status.reason ?? "no reason given",
            retryAfterSeconds: status.details?.retryAfterSeconds,
            resource: resource,
            request: request
        )
    }

    private init(
        _ status: KubernetesStatus,
        status code: Int?,
        text: String,
        retryAfterSeconds: Int?,
        resource: APIResource?,
        request: String
    ) {
        let kind = status.kind(status: code)
        let code = (code ?? status.code).map { "\($0) " } ?? ""
        let message =
            switch kind {
            case .unauthorized:
                "\(request): \(code)\(text); check the credentials that auth_type chooses"
            case .forbidden:
                resource.map {
                    "\(text); grant list, watch on \($0.plural) in \($0.group.isEmpty ? "the core group" : $0.group)"
                        + " (see docs/operations.md)"
                } ?? "\(request): \(code)\(text)"
            case .notFound:
                resource.map {
                    "\(request): \(code)\(text); the cluster does not serve \($0.qualifiedName), is it installed?"
                } ?? "\(request): \(code)\(text)"
            default:
                "\(request): \(code)\(text)"
            }
        self.init(kind, message, retryAfter: retryAfterSeconds.map { .seconds(max(0, $0)) })
    }

    /// Of a request that got no answer, or lost it.
    init(_ error: HTTPClientError, request: String, server: String) {
        switch error.kind {
        case .invalidURL, .connect:
            self.init(.connect, "cannot reach the API server at \(server): \(error.message)")
        case .tls:
            self.init(
                .connect,
                "cannot reach the API server at \(server): \(error.message); check certificate authority, client "
                    + "certificate and server name (see docs/operations.md)"
            )
        case .responseTooLarge:
            self.init(.tooLarge, "\(request): \(error.message)")
        case .timeout, .disconnected, .cancelled, .other:
            self.init(.transport, "\(request): \(error.message)")
        }
    }
}
