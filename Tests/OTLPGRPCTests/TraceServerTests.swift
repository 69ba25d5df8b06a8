import GRPCCore
import HTTPServer
import NIOCore
import NIOPosix
import OTLPGRPC
import Synchronization
import Testing

@Suite("OTLP/gRPC, client and server over a socket")
struct TraceServerTests {
    /// Answers as it is told to, and remembers what came.
    private final class Service: TraceService {
        let received = Mutex<[[UInt8]]>([])
        /// Requests that were refused before they had come in full.
        let unread = Mutex<[String]>([])
        /// Of the last request.
        let headers = Mutex<[String]>([])
        let error: ExportError?
        let overload: ExportError?
        let token: String?

        init(error: ExportError? = nil, overload: ExportError? = nil, token: String? = nil) {
            self.error = error
            self.overload = overload
            self.token = token
        }

        func noRoomForMessage() { unread.withLock { $0.append("memory") } }

        func refusedForOverload() { unread.withLock { $0.append("overload") } }

        func authorize(_ headers: RequestHeaders) async throws(ExportError) {
            if let token, headers["Authorization"] != token { throw ExportError(.unauthenticated, "no") }
        }

        func export(_ request: ByteBuffer, _ headers: RequestHeaders) async throws(ExportError) {
            self.headers.withLock { $0 = headers.all.map(\.name) }
            received.withLock { $0.append(Array(request.readableBytesView)) }
            if let error { throw error }
        }
    }

    /// Keeps the first message until it is told to answer.
    private final class HoldingService: TraceService {
        let taken = AsyncStream<Void>.makeStream()
        let cancelled = AsyncStream<Void>.makeStream()
        let answer: AsyncStream<Void>.Continuation
        private let untilAnswer: AsyncStream<Void>

        init() { (untilAnswer, answer) = AsyncStream.makeStream() }

        func authorize(_ headers: RequestHeaders) async throws(ExportError) {}

        func export(_ request: ByteBuffer, _ headers: RequestHeaders) async throws(ExportError) {
            guard request.readableBytes > 1 else { return }
            taken.continuation.finish()
            let (cancelled, untilAnswer) = (cancelled.continuation, untilAnswer)
            await withRPCCancellationHandler {
                for await _ in untilAnswer {}
            } onCancelRPC: {
                cancelled.finish()
            }
        }
    }

    private func run(
        _ service: some TraceService,
        server configureServer: (inout TraceServerConfiguration) -> Void = { _ in },
        client configureClient: (inout TraceClientConfiguration) -> Void = { _ in },
        _ body: (TraceClient) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        var configuration = TraceServerConfiguration(listen: .address(host: "127.0.0.1", port: 0))
        configureServer(&configuration)
        let (ports, bound) = AsyncStream<Int>.makeStream()
        let server = TraceServer(configuration, group: group, service: service) { bound.yield($0?.port ?? 0) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await server.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            var options = TraceClientConfiguration(host: "127.0.0.1", port: port)
            configureClient(&options)
            let client = try TraceClient(options, group: group)
            tasks.addTask { try await client.run() }
            try await body(client)
            client.shutdown()
            server.beginGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test("without memory for a message the sender is told to come again, and when; the message may come later")
    func memory() async throws {
        let service = Service()
        let bodies = BodyBudget(limit: 300_000)
        try await run(service, server: { $0.bodies = bodies }, client: { $0.gzip = false }) { client in
            #expect(bodies.take(100_000, own: 0))
            let error = await #expect(throws: ExportError.self) {
                try await client.export(ByteBuffer(repeating: 1, count: 150_000))
            }
            #expect(error?.code == .unavailable)
            #expect(error?.retryAfter == .seconds(1))
            #expect(service.unread.withLock { $0 } == ["memory"])
            _ = try await client.export(ByteBuffer(repeating: 1, count: 100_000))
            bodies.giveBack(100_000)
            _ = try await client.export(ByteBuffer(repeating: 1, count: 150_000))
        }
        #expect(bodies.held == 0)
        #expect(service.received.withLock { $0.map(\.count) } == [100_000, 150_000])
    }

    @Test("a message that the service still has holds its memory, although its client has cancelled")
    func cancelled() async throws {
        let service = HoldingService()
        let bodies = BodyBudget(limit: 300_000)
        try await run(service, server: { $0.bodies = bodies }, client: { $0.gzip = false }) { client in
            let call = Task { try await client.export(ByteBuffer(repeating: 1, count: 100_000)) }
            for await _ in service.taken.stream {}
            #expect(bodies.held >= 100_000)
            call.cancel()
            for await _ in service.cancelled.stream {}
            // What follows on the connection is read after the end of the stream.
            _ = try await client.export(ByteBuffer(bytes: [1]))
            #expect(bodies.held >= 100_000)
            service.answer.finish()
            await #expect(throws: ExportError.self) { try await call.value }
        }
        #expect(bodies.held == 0)
    }

    @Test("what the server notes for itself is no header of the request")
    func headers() async throws {
        let service = Service()
        let name = "steptrace-request-memory"
        try await run(service, server: { $0.bodies = BodyBudget(limit: 300_000) }) { client in
            _ = try await client.export(ByteBuffer(bytes: [1]), headers: [("x-sent", "1"), (name, "x")])
        }
        let headers = service.headers.withLock { $0 }
        #expect(headers.contains("x-sent"))
        #expect(!headers.contains(name))
    }

    @Test("an overloaded service reads no long messages")
    func overload() async throws {
        let service = Service(overload: ExportError(.unavailable, "busy", retryAfter: .seconds(3)))
        try await run(service, client: { $0.gzip = false }) { client in
            let error = await #expect(throws: ExportError.self) {
                try await client.export(ByteBuffer(repeating: 1, count: 1_000_000))
            }
            #expect(error == service.overload)
            #expect(service.unread.withLock { $0 } == ["overload"])
            _ = try await client.export(ByteBuffer(repeating: 1, count: 10_000))
        }
        #expect(service.received.withLock { $0.map(\.count) } == [10_000])
    }

    @Test("bytes arrive as they were sent, compressed or not", arguments: [true, false])
    func bytes(gzip: Bool) async throws {
        let service = Service()
        let sent = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try await run(service, client: { $0.gzip = gzip }) { client in
            let response = try await client.export(ByteBuffer(bytes: sent))
            #expect(response.readableBytes == 0)
        }
        #expect(service.received.withLock { $0 } == [sent])
    }

    @Test("an error arrives with its code, message and delay")
    func error() async throws {
        let error = ExportError(.unavailable, "later", retryAfter: .milliseconds(2500))
        try await run(Service(error: error)) { client in
            await #expect(throws: error) { try await client.export(ByteBuffer(bytes: [1])) }
        }
    }

    @Test("a message beyond the limit is ResourceExhausted, counted after decompression", arguments: [true, false])
    func tooLarge(gzip: Bool) async throws {
        let service = Service()
        try await run(service, server: { $0.maxMessageBytes = 1000 }, client: { $0.gzip = gzip }) { client in
            let error = await #expect(throws: ExportError.self) {
                try await client.export(ByteBuffer(repeating: 7, count: 1001))
            }
            #expect(error?.code == .resourceExhausted)
            _ = try await client.export(ByteBuffer(repeating: 7, count: 1000))
        }
        #expect(service.received.withLock { $0.count } == 1)
    }

    @Test("a message far beyond the limit is refused, and the connection serves on")
    func farTooLarge() async throws {
        let service = Service()
        try await run(service, server: { $0.maxMessageBytes = 1000 }, client: { $0.gzip = false }) { client in
            let error = await #expect(throws: ExportError.self) {
                try await client.export(ByteBuffer(repeating: 7, count: 100_000))
            }
            let message = "grpc: received message larger than max (100000 vs. 1000)"
            #expect(error == ExportError(.resourceExhausted, message))
            _ = try await client.export(ByteBuffer(repeating: 7, count: 10))
        }
        #expect(service.received.withLock { $0.count } == 1)
    }

    @Test("who is not authorized is not read")
    func unauthorized() async throws {
        let service = Service(token: "Bearer x")
        try await run(service) { client in
            let error = await #expect(throws: ExportError.self) { try await client.export(ByteBuffer(bytes: [1])) }
            #expect(error?.code == .unauthenticated)
            _ = try await client.export(ByteBuffer(bytes: [2]), headers: [("authorization", "Bearer x")])
        }
        #expect(service.received.withLock { $0 } == [[2]])
    }

    @Test("a backend that is down is Unavailable, not waited for")
    func down() async throws {
        let client = try TraceClient(
            TraceClientConfiguration(host: "127.0.0.1", port: 1),
            group: MultiThreadedEventLoopGroup.singleton
        )
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try? await client.run() }
            let error = await #expect(throws: ExportError.self) { try await client.export(ByteBuffer(bytes: [1])) }
            #expect(error?.code == .unavailable)
            client.shutdown()
            tasks.cancelAll()
        }
    }
}
