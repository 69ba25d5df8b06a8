internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1

/// Answers the requests to a ``ReplayAPIServer``: performs what its state decides.
final class APIHandler: HTTPServerHandler {
    let server: ReplayAPIServer
    let token: String?

    init(server: ReplayAPIServer, token: String?) {
        self.server = server
        self.token = token
    }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        if path.hasPrefix(LeaseStore.pathPrefix) { return .read(maxBodyBytes: 64 << 10) }
        guard method == .GET else {
            let status = APIStatus(code: 405, reason: "MethodNotAllowed", message: "only GET is replayed")
            return .respond(.status(status))
        }
        return .read(maxBodyBytes: 0)
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse {
        .status(.badRequest("a GET request has no body"))
    }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        if let response = server.leases.answer(request) { return responder.respond(response) }
        let parsed = APIRequest(path: request.path, query: request.query)
        let authorization = request.headers.first(name: "Authorization")
        let received = ReceivedAPIRequest(
            verb: parsed.verb,
            resource: parsed.query?.resource,
            path: request.path,
            query: request.query,
            authorization: authorization
        )
        let isAuthorized = token.map { authorization == "Bearer \($0)" } ?? true
        // What is decided under the lock is done outside of it.
        let answer = server.state.update { state in
            state.requests.append(received)
            let answer = state.answer(parsed, isAuthorized: isAuthorized)
            if case .silence = answer { state.hanging.append(responder) }
            return answer
        }
        perform(answer, responder)
    }

    private func perform(_ answer: APIAnswer, _ responder: HTTPResponder) {
        switch answer {
        case .whole(let response): responder.respond(response)
        case .pieces(let response, let size, let isCut):
            let (stream, output) = AsyncStream.makeStream(of: WatchOutput.self)
            output.yield(.bytes(Array(response.body.readableBytesView)))
            if isCut { output.yield(.cut) }
            output.finish()
            let writer = responder.respondStreaming(status: response.status, headers: response.headers)
            Task { try await send(stream, to: writer, pieceSize: size) }
        case .watch(let id, let output, let pieceSize, let timeoutSeconds):
            let writer = responder.respondStreaming(status: .ok, headers: ["Content-Type": "application/json"])
            let pump = Task { try await send(output, to: writer, pieceSize: pieceSize) }
            let timer = timeoutSeconds.map { seconds in
                Task {
                    try await Task.sleep(for: .seconds(seconds))
                    server.state.update { $0.timeOut(id) }
                }
            }
            writer.onClose { [server] in
                pump.cancel()
                timer?.cancel()
                server.state.update { $0.endWatch(id) }
            }
        case .silence: break
        case .brokenOff(let bytes): responder.breakOff(after: ByteBuffer(bytes: bytes))
        }
    }

    private func send(
        _ output: AsyncStream<WatchOutput>,
        to writer: HTTPBodyWriter,
        pieceSize: Int?
    ) async throws {
        for await item in output {
            switch item {
            case .bytes(let bytes):
                var rest = bytes[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(pieceSize ?? rest.count)
                    try await writer.write(ByteBuffer(bytes: piece))
                    rest = rest.dropFirst(piece.count)
                }
            // The writer goes without having finished, and the connection with it.
            case .cut: return
            }
        }
        if !Task.isCancelled { writer.finish() }
    }
}

extension APIRequest {
    fileprivate var verb: APIVerb {
        switch self {
        case .list: .list
        case .get: .get
        case .watch: .watch
        default: .other
        }
    }
}
