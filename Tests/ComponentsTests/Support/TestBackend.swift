import HTTPServer
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A backend on a free port that records requests and gives the answers it is told, the last one for ever.
final class TestBackend: HTTPServerHandler {
    let requests = Recorder<HTTPServerRequest>()
    private let answers: Mutex<[HTTPServerResponse]>

    init(_ answers: [HTTPServerResponse]) { self.answers = Mutex(answers) }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        .read(maxBodyBytes: 64 << 20)
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse {
        HTTPServerResponse(status: .payloadTooLarge)
    }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        let answer = answers.withLock { answers in
            answers.count > 1 ? answers.removeFirst() : answers.first ?? HTTPServerResponse(status: .ok)
        }
        requests.append(request)
        responder.respond(answer)
    }

    /// Runs the backend around `body`, which is given its URL.
    static func run(
        _ answers: HTTPServerResponse...,
        body: (TestBackend, String) async throws -> Void
    ) async throws {
        let backend = TestBackend(answers)
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(endpoint: HTTPEndpoint(host: "127.0.0.1", port: 0)),
            group: MultiThreadedEventLoopGroup.singleton,
            handler: backend
        )
        let port = try await server.bind().port ?? 0
        do {
            try await body(backend, "http://127.0.0.1:\(port)")
        } catch {
            await server.shutdown(deadline: .now())
            throw error
        }
        await server.shutdown(deadline: .now())
    }
}
