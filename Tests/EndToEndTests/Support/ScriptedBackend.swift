import Compression
import NIOCore
import NIOPosix
import Replay

/// A backend that answers byte for byte what it is told, HTTP or not, one answer a request.
final class ScriptedBackend: Sendable {
    enum Answer: Sendable {
        /// 200, and the spans are kept.
        case accept
        /// The same after a while.
        case late(Duration)
        /// These bytes.
        case bytes(String)
        /// These bytes, then the connection's end.
        case closing(String)
        /// A beginning, then a piece again and again until the client ends it, 1 GiB at most.
        case endless(String, String)
        /// A byte each tenth of a second.
        case dripping(String)
        /// Nothing.
        case silence
    }

    struct State: Sendable {
        fileprivate var answers: [Answer]
        /// Of requests that were accepted.
        fileprivate(set) var spans: [RawSpan] = []
        fileprivate(set) var requestCount = 0
    }

    private let state: Observed<State>

    private init(_ answers: [Answer]) {
        state = Observed(State(answers: answers))
    }

    var contents: State { state.value }

    /// True once the condition holds; false when it did not within the timeout.
    func waitUntil(timeout: Duration = .seconds(20), _ condition: @escaping @Sendable (State) -> Bool) async -> Bool {
        await state.wait(timeout: timeout, until: condition)
    }

    /// Listens on a free port around `body`.
    ///
    /// - Parameter answers: in order; whatever comes after them is accepted.
    static func run(
        _ answers: [Answer],
        _ body: (ScriptedBackend, _ url: String) async throws -> Void
    ) async throws {
        let backend = ScriptedBackend(answers)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let url = "http://127.0.0.1:\(server.channel.localAddress?.port ?? 0)"
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { await backend.serve(connection) }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            try await body(backend, url)
        }
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        // A client that goes in the middle is the point of some tests.
        try? await connection.executeThenClose { inbound, outbound in
            var received = ByteBuffer()
            for try await piece in inbound {
                received.writeImmutableBuffer(piece)
                while let body = Self.takeRequest(&received) {
                    guard try await answer(body, outbound) else { return }
                }
            }
        }
    }

    /// False when the connection is to be closed.
    private func answer(_ body: [UInt8], _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Bool {
        let answer: Answer = state.update { state in
            state.requestCount += 1
            return state.answers.isEmpty ? .accept : state.answers.removeFirst()
        }
        switch answer {
        case .accept: try await accept(body, outbound)
        case .late(let pause):
            try await Task.sleep(for: pause)
            try await accept(body, outbound)
        case .bytes(let text): try await outbound.write(ByteBuffer(string: text))
        case .closing(let text):
            try await outbound.write(ByteBuffer(string: text))
            return false
        case .endless(let start, let piece):
            try await outbound.write(ByteBuffer(string: start))
            let pieces = ByteBuffer(string: String(repeating: piece, count: max(1, 65_536 / piece.utf8.count)))
            for _ in 0..<(1 << 30) / pieces.readableBytes { try await outbound.write(pieces) }
            return false
        case .dripping(let text):
            for byte in text.utf8 {
                try await outbound.write(ByteBuffer(bytes: [byte]))
                try await Task.sleep(for: .milliseconds(100))
            }
        case .silence: break
        }
        return true
    }

    private func accept(_ body: [UInt8], _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws {
        let spans = try RawSpan.spans(of: body)
        state.update { $0.spans += spans }
        try await outbound.write(
            ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n")
        )
    }

    /// The body of the next request, once all of it is there. Clients here send a Content-Length, and gzip or nothing.
    private static func takeRequest(_ received: inout ByteBuffer) -> [UInt8]? {
        let bytes = received.readableBytesView
        let end = Array("\r\n\r\n".utf8)
        guard
            let headEnd = bytes.indices.first(where: { bytes[$0] == 0x0D && bytes[$0...].starts(with: end) })
        else { return nil }
        let head = String(decoding: bytes[..<headEnd], as: UTF8.self).lowercased()
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: " ")[1]) }
        let headLength = headEnd - bytes.startIndex + end.count
        guard received.readableBytes >= headLength + (length ?? 0) else { return nil }
        received.moveReaderIndex(forwardBy: headLength)
        let body = received.readBytes(length: length ?? 0) ?? []
        return head.contains("content-encoding: gzip") ? (try? inflate(body, format: .gzip, limit: 64 << 20)) : body
    }
}
