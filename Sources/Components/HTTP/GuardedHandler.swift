import Collector
import HTTPServer
import NIOHTTP1

/// Stands before a handler when CORS, authentication or response headers are configured.
final class GuardedHandler: HTTPServerHandler {
    private let inner: any HTTPServerHandler
    private let cors: CORSConfiguration?
    private let authenticator: (any ServerAuthenticator)?
    private let added: HTTPHeaders
    private let unauthorized: @Sendable (AuthenticationError, HTTPHeaders) -> HTTPServerResponse

    /// `handler` itself when nothing of it is configured.
    ///
    /// - Parameter unauthorized: the answer with status 401, or with 503 for an error that is temporary.
    static func make(
        _ handler: any HTTPServerHandler,
        _ options: HTTPServerOptions,
        _ context: ComponentContext,
        unauthorized: @escaping @Sendable (AuthenticationError, HTTPHeaders) -> HTTPServerResponse
    ) throws(AuthenticationError) -> any HTTPServerHandler {
        let cors = options.cors.flatMap { $0.allowedOrigins.isEmpty ? nil : $0 }
        let authenticator: (any ServerAuthenticator)?
        if let id = options.authenticator {
            authenticator = try context.serverAuthenticator(id)
        } else {
            authenticator = nil
        }
        guard cors != nil || authenticator != nil || !options.responseHeaders.isEmpty else { return handler }
        return GuardedHandler(handler, cors, authenticator, options.responseHeaders, unauthorized)
    }

    private init(
        _ inner: any HTTPServerHandler,
        _ cors: CORSConfiguration?,
        _ authenticator: (any ServerAuthenticator)?,
        _ added: [String: String],
        _ unauthorized: @escaping @Sendable (AuthenticationError, HTTPHeaders) -> HTTPServerResponse
    ) {
        self.inner = inner
        self.cors = cors
        self.authenticator = authenticator
        self.added = HTTPHeaders(added.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        self.unauthorized = unauthorized
    }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        if let preflight = cors?.preflight(method: method, headers: headers) { return .respond(preflight) }
        guard let authenticator else { return inner.head(method: method, path: path, headers: headers) }
        switch authenticator.authenticate({ headers.first(name: $0) }) {
        case .accepted: return inner.head(method: method, path: path, headers: headers)
        case .refused(let error): return .respond(refused(error, headers))
        case .pending(let check):
            return .later { decider in
                check { [self] error in
                    decider.decide { [self] in
                        if let error { return .respond(refused(error, headers)) }
                        return inner.head(method: method, path: path, headers: headers)
                    }
                }
            }
        }
    }

    private func refused(_ error: AuthenticationError, _ headers: HTTPHeaders) -> HTTPServerResponse {
        var response = unauthorized(error, headers)
        if !error.isTemporary, let challenge = authenticator?.challenge {
            response.headers.add(name: "WWW-Authenticate", value: challenge)
        }
        return response
    }

    func responseHeaders(method: HTTPMethod, headers: HTTPHeaders) -> HTTPHeaders? {
        var response = added
        // The answer to a preflight request has its own.
        if let cors, cors.preflight(method: method, headers: headers) == nil {
            cors.add(to: &response, headers: headers)
        }
        return response
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse {
        inner.bodyTooLarge(limit: limit, headers: headers)
    }

    func noRoomForBody(headers: HTTPHeaders) -> HTTPServerResponse { inner.noRoomForBody(headers: headers) }

    func protocolError(_ error: HTTPProtocolError, headers: HTTPHeaders?) -> HTTPServerResponse {
        inner.protocolError(error, headers: headers)
    }

    func refusal(headers: HTTPHeaders) -> HTTPServerResponse { inner.refusal(headers: headers) }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) { inner.handle(request, responder) }
}
