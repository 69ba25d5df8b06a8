import HTTPClient
import Synchronization

@testable import Kubernetes

/// Answers requests from a script, in order; when it is at its end, requests hang until they are cancelled.
final class ScriptedTransport: APITransport {
    enum Answer: Sendable {
        case response(Int, String, headers: [String: String] = [:])
        /// Chunks, then the end of the answer.
        case stream([[UInt8]])
        /// Chunks, then the loss of the connection.
        case lost([[UInt8]])
        /// Chunks, then nothing for so long that the connection is given up.
        case silent([[UInt8]])
        /// Chunks, then nothing for ever.
        case hanging([[UInt8]])
        case failure(HTTPClientError)

        static func lines(_ lines: String...) -> Answer {
            .stream(lines.map { Array("\($0)\n".utf8) })
        }
    }

    private let script: Mutex<[Answer]>
    private let recorded = Mutex<[HTTPClientRequest]>([])

    init(_ script: [Answer]) {
        self.script = Mutex(script)
    }

    var requests: [HTTPClientRequest] { recorded.withLock { $0 } }

    /// Path and query of each request.
    var targets: [String] {
        requests.map { String($0.url.dropFirst("http://api".count)) }
    }

    func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        switch next(request) {
        case .response(let status, let body, let headers):
            return HTTPClientResponse(status: status, headers: Self.list(headers), body: Array(body.utf8))
        case .failure(let error):
            throw error
        case nil:
            await Self.hang()
            throw HTTPClientError(.cancelled, "cancelled")
        case let other?:
            throw HTTPClientError(.other, "the script has \(other) for \(request.url)")
        }
    }

    func stream(_ request: HTTPClientRequest) async throws(HTTPClientError) -> APIStream {
        let (body, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        var status = 200
        var headers: [String: String] = [:]
        switch next(request) {
        case .response(let code, let text, let list):
            status = code
            headers = list
            continuation.yield(Array(text.utf8))
            continuation.finish()
        case .stream(let chunks):
            for chunk in chunks { continuation.yield(chunk) }
            continuation.finish()
        case .lost(let chunks):
            for chunk in chunks { continuation.yield(chunk) }
            continuation.finish(throwing: HTTPClientError(.disconnected, "connection reset"))
        case .silent(let chunks):
            for chunk in chunks { continuation.yield(chunk) }
            continuation.finish(throwing: HTTPClientError(.timeout, "nothing came for 120 seconds"))
        case .hanging(let chunks):
            for chunk in chunks { continuation.yield(chunk) }
        case .failure(let error):
            throw error
        case nil:
            await Self.hang()
            throw HTTPClientError(.cancelled, "cancelled")
        }
        return APIStream(status: status, headers: Self.list(headers), body: ScriptedBody(chunks: body))
    }

    private func next(_ request: HTTPClientRequest) -> Answer? {
        recorded.withLock { $0.append(request) }
        return script.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }

    private static func list(_ headers: [String: String]) -> [(name: String, value: String)] {
        headers.map { (name: $0.key, value: $0.value) }
    }

    private static func hang() async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        for await _ in stream {}
        continuation.finish()
    }
}

/// Chunks as an HTTP client gives them.
private struct ScriptedBody: AsyncSequence, Sendable {
    struct AsyncIterator: AsyncIteratorProtocol {
        var chunks: AsyncThrowingStream<[UInt8], any Error>.AsyncIterator

        mutating func next() async throws(HTTPClientError) -> [UInt8]? {
            try await next(isolation: nil)
        }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(HTTPClientError) -> [UInt8]? {
            do {
                return try await chunks.next(isolation: actor)
            } catch {
                throw error as? HTTPClientError ?? HTTPClientError(.other, "\(error)")
            }
        }
    }

    let chunks: AsyncThrowingStream<[UInt8], any Error>

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(chunks: chunks.makeAsyncIterator())
    }
}
