import HTTPServer
import NIOCore
import NIOHTTP1
import Synchronization

/// Answers with what it was asked, or keeps the responders for the test to use.
final class TestHandler: HTTPServerHandler {
    enum Mode {
        case echo
        case hold
        case drop
        case stream(@Sendable (HTTPBodyWriter) async -> Void)
    }

    private struct State {
        var requests: [HTTPServerRequest] = []
        var responders: [HTTPResponder] = []
        var heads: [String] = []
        var arrivals: [CheckedContinuation<Void, Never>] = []
    }

    private let mode: Mode
    private let maxBodyBytes: Int
    private let state = Mutex(State())

    init(_ mode: Mode = .echo, maxBodyBytes: Int = 1_000_000) {
        self.mode = mode
        self.maxBodyBytes = maxBodyBytes
    }

    /// Every request handed over so far, as `POST /path?query body`.
    var seen: [String] {
        state.withLock { state in state.requests.map(Self.describe) }
    }

    var requests: [HTTPServerRequest] { state.withLock { $0.requests } }

    /// Every path asked about so far.
    var heads: [String] { state.withLock { $0.heads } }

    /// Takes the oldest held responder.
    func next() -> HTTPResponder? {
        state.withLock { $0.responders.isEmpty ? nil : $0.responders.removeFirst() }
    }

    /// Waits for a held responder.
    func waitForNext() async -> HTTPResponder {
        while true {
            if let responder = next() { return responder }
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.responders.isEmpty { state.arrivals.append(continuation) }
                    return !state.responders.isEmpty
                }
                if isThere { continuation.resume() }
            }
        }
    }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        state.withLock { $0.heads.append(path) }
        return path == "/refused" ? .respond(.text(.notFound, "refused")) : .read(maxBodyBytes: maxBodyBytes)
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse {
        .text(.payloadTooLarge, "limit \(limit)")
    }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        state.withLock { $0.requests.append(request) }
        switch mode {
        case .echo:
            responder.respond(.text(.ok, Self.describe(request)))
        case .hold:
            let arrivals = state.withLock { state in
                state.responders.append(responder)
                defer { state.arrivals = [] }
                return state.arrivals
            }
            for arrival in arrivals { arrival.resume() }
        case .drop:
            break
        case .stream(let body):
            let writer = responder.respondStreaming(status: .ok, headers: ["Content-Type": "application/json"])
            Task { await body(writer) }
        }
    }

    private static func describe(_ request: HTTPServerRequest) -> String {
        let query = request.query.isEmpty ? "" : "?\(request.query)"
        return "\(request.method) \(request.path)\(query) \(String(buffer: request.body))"
    }
}
