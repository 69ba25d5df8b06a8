import HTTPServer
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPServerSocketTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

    private func withServer(
        _ handler: TestHandler,
        configure: (inout HTTPServerConfiguration) -> Void = { _ in },
        _ body: (HTTPServer, SocketAddress) async throws -> Void
    ) async throws {
        var configuration = HTTPServerConfiguration(endpoint: HTTPEndpoint(host: "127.0.0.1", port: 0))
        configure(&configuration)
        let server = HTTPServer(
            configuration: configuration,
            group: MultiThreadedEventLoopGroup.singleton,
            handler: handler
        )
        let address = try await server.bind()
        do {
            try await body(server, address)
        } catch {
            await server.shutdown(deadline: .now())
            throw error
        }
        await server.shutdown(deadline: .now())
    }

    @Test func servesManyClients() async throws {
        let handler = TestHandler()
        try await withServer(handler) { _, address in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<20 {
                    group.addTask {
                        let connection = try await TestClient.connect(to: address)
                        let body = String(repeating: "x", count: client * 5000)
                        for _ in 0..<5 {
                            try await connection.send(
                                "POST /\(client) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n\(body)"
                            )
                            let expected = "POST /\(client) \(body)"
                            #expect(try await connection.receive(upTo: expected) == .response("200 OK", expected))
                        }
                        try await connection.close()
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(handler.seen.count == 100)
    }

    @Test("answers from other threads arrive in order")
    func answersFromOtherThreads() async throws {
        let handler = TestHandler(.hold)
        try await withServer(handler) { _, address in
            let client = try await TestClient.connect(to: address)
            try await client.send(Self.get + Self.get + Self.get)
            for number in 1...3 { await handler.waitForNext().respond(.text(.ok, "answer \(number)")) }
            #expect(
                try await client.receive(upTo: "answer 3")
                    == (1...3).map { .response("200 OK", "answer \($0)") }.joined()
            )
        }
    }

    @Test("a port in use, and a name that is none, are told in Go's words")
    func saysWhyItCannotBind() async throws {
        try await withServer(TestHandler()) { _, address in
            let port = try #require(address.port)
            for (host, text) in [("127.0.0.1", "127.0.0.1"), ("", "")] {
                let second = HTTPServer(
                    configuration: HTTPServerConfiguration(endpoint: HTTPEndpoint(host: host, port: port)),
                    group: MultiThreadedEventLoopGroup.singleton,
                    handler: TestHandler()
                )
                let error = await #expect(throws: HTTPServerError.self) { _ = try await second.bind() }
                #expect(error?.description == "listen tcp \(text):\(port): bind: address already in use")
            }
        }
        let unknown = HTTPServer(
            configuration: HTTPServerConfiguration(endpoint: HTTPEndpoint(host: "no host", port: 0)),
            group: MultiThreadedEventLoopGroup.singleton,
            handler: TestHandler()
        )
        let error = await #expect(throws: HTTPServerError.self) { _ = try await unknown.bind() }
        #expect(error?.description == "listen tcp no host:0: lookup no host: no such host")
    }

    @Test("an endpoint without a host takes IPv4 connections")
    func listensEverywhere() async throws {
        try await withServer(TestHandler(), configure: { $0.endpoint.host = "" }) { _, address in
            let client = try await TestClient.connect(
                to: SocketAddress(ipAddress: "127.0.0.1", port: #require(address.port))
            )
            try await client.send(Self.get)
            #expect(try await client.receive(upTo: "GET /a ") == .response("200 OK", "GET /a "))
        }
    }

    @Test("a connection that comes when there is no room takes the place of the one that was idle the longest")
    func makesRoom() async throws {
        try await withServer(TestHandler(), configure: { $0.maxConnections = 2 }) { _, address in
            let clients = [try await TestClient.connect(to: address), try await TestClient.connect(to: address)]
            for client in [clients[0], clients[1], clients[0]] {
                try await client.send(Self.get)
                _ = try await client.receive(upTo: "GET /a ")
            }
            let third = try await TestClient.connect(to: address)
            try await third.send(Self.get)
            #expect(try await third.receive(upTo: "GET /a ") == .response("200 OK", "GET /a "))
            #expect(await clients[1].receiveAll() == "")
            try await clients[0].send(Self.get)
            _ = try await clients[0].receive(upTo: "GET /a ")
        }
    }

    @Test("while all connections are being served, others wait")
    func limitsConnections() async throws {
        let handler = TestHandler(.hold)
        try await withServer(handler, configure: { $0.maxConnections = 2 }) { _, address in
            let clients = [try await TestClient.connect(to: address), try await TestClient.connect(to: address)]
            for client in clients { try await client.send(Self.get) }
            let responders = [await handler.waitForNext(), await handler.waitForNext()]
            let third = try await TestClient.connect(to: address)
            try await third.send("GET /third HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(!handler.heads.contains("/third"))
            for responder in responders { responder.respond(.text(.ok, "done")) }
            await handler.waitForNext().respond(.text(.ok, "third"))
            #expect(try await third.receive(upTo: "third") == .response("200 OK", "third"))
        }
    }

    @Test("a client that has closed its side still gets its answers")
    func answersHalfClosedClients() async throws {
        let handler = TestHandler(.hold)
        try await withServer(handler) { _, address in
            let client = try await TestClient.connect(to: address)
            try await client.send(Self.get + Self.get)
            try await client.closeOutput()
            for number in 1...2 { await handler.waitForNext().respond(.text(.ok, "answer \(number)")) }
            let answer = await client.receiveAll()
            #expect(answer.hasPrefix(.response("200 OK", "answer 1")))
            #expect(answer.hasSuffix("answer 2"))
        }
    }

    @Test("the refusal of a long body reaches a client that is still sending it")
    func refusesWhileTheClientSends() async throws {
        try await withServer(TestHandler(maxBodyBytes: 10)) { _, address in
            let client = try await TestClient.connect(to: address)
            try await client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n")
            try await client.send(String(repeating: "x", count: 400_000))
            #expect(await client.receiveAll() == .response("413 Payload Too Large", "limit 10", connection: "close"))
        }
    }

    // MARK: Shutdown

    @Test("shutdown closes idle connections and waits for the answers in flight")
    func shutsDownGracefully() async throws {
        let handler = TestHandler(.hold)
        try await withServer(handler) { server, address in
            let idle = try await TestClient.connect(to: address)
            try await idle.send(Self.get)
            await handler.waitForNext().respond(.text(.ok, "kept"))
            _ = try await idle.receive(upTo: "kept")
            let busy = try await TestClient.connect(to: address)
            try await busy.send(Self.get)
            let responder = await handler.waitForNext()
            async let done: Void = server.shutdown(deadline: .now() + .seconds(50))
            #expect(await idle.receiveAll() == "")
            await #expect(throws: (any Error).self) { _ = try await TestClient.connect(to: address) }
            responder.respond(.text(.ok, "last"))
            #expect(await busy.receiveAll() == .response("200 OK", "last", connection: "close"))
            try await busy.close()
            await done
        }
    }

    @Test("at the deadline, shutdown closes what is still open")
    func forcesShutdown() async throws {
        let handler = TestHandler(.hold)
        try await withServer(handler) { server, address in
            let client = try await TestClient.connect(to: address)
            try await client.send(Self.get)
            let responder = await handler.waitForNext()
            await server.shutdown(deadline: .now() + .milliseconds(50))
            #expect(await client.receiveAll() == "")
            responder.respond(.text(.ok, "too late"))
        }
    }

    // MARK: Streaming

    @Test func streamsInChunksAndKeepsTheConnection() async throws {
        let handler = TestHandler(
            .stream { writer in
                try? await writer.write(ByteBuffer(string: "hello"))
                try? await writer.write(ByteBuffer())
                try? await writer.write(ByteBuffer(string: String(repeating: "x", count: 20_000)))
                writer.finish()
                await #expect(throws: HTTPBodyWriterError.finished) { try await writer.write(ByteBuffer(string: "x")) }
            }
        )
        try await withServer(handler) { _, address in
            let client = try await TestClient.connect(to: address)
            let expected =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n4e20\r\n\(String(repeating: "x", count: 20_000))\r\n0\r\n\r\n"
            for _ in 0..<2 {
                try await client.send(Self.get)
                #expect(try await client.receive(upTo: "0\r\n\r\n") == expected)
            }
            try await client.send("GET /a HTTP/1.0\r\n\r\n")
            #expect(
                await client.receiveAll()
                    == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\nhello"
                    + String(repeating: "x", count: 20_000)
            )
        }
    }

    @Test("a stream learns that its client has gone")
    func noticesThatTheClientHasGone() async throws {
        let (events, continuation) = AsyncStream<HTTPBodyWriterError>.makeStream()
        let handler = TestHandler(
            .stream { writer in
                try? await writer.write(ByteBuffer(string: "x"))
                await withCheckedContinuation { closed in writer.onClose { closed.resume() } }
                do throws(HTTPBodyWriterError) {
                    try await writer.write(ByteBuffer(string: "x"))
                } catch {
                    continuation.yield(error)
                }
                continuation.finish()
            }
        )
        try await withServer(handler) { _, address in
            let client = try await TestClient.connect(to: address)
            try await client.send(Self.get)
            _ = try await client.receive(upTo: "x\r\n")
            try await client.close()
            #expect(await events.reduce(into: []) { $0.append($1) } == [.peerClosed])
        }
    }

    @Test("a writer that is dropped leaves the body visibly incomplete")
    func abortsDroppedStreams() async throws {
        let handler = TestHandler(.stream { writer in try? await writer.write(ByteBuffer(string: "x")) })
        try await withServer(handler) { _, address in
            let client = try await TestClient.connect(to: address)
            try await client.send(Self.get)
            let answer = await client.receiveAll()
            #expect(!answer.contains("0\r\n\r\n"))
        }
    }
}
