import HTTPServer
import NIOCore
import NIOPosix
import Testing

@Suite(.timeLimit(.minutes(1))) struct ListenerPoolTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
    private static let lastGet = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    private func server(
        _ handler: TestHandler,
        on endpoint: HTTPEndpoint = HTTPEndpoint(host: "127.0.0.1", port: 0),
        owner: String? = nil,
        isLeaving: Bool = false
    ) -> HTTPServer {
        var configuration = HTTPServerConfiguration(endpoint: endpoint)
        configuration.listenerOwner = owner
        configuration.isLeaving = { isLeaving }
        return HTTPServer(
            configuration: configuration,
            group: MultiThreadedEventLoopGroup.singleton,
            handler: handler
        )
    }

    /// The pool keeps no sockets of port 0.
    private func freeEndpoint() async throws -> HTTPEndpoint {
        let probe = server(TestHandler())
        let port = try #require(try await probe.bind().port)
        await probe.shutdown(deadline: .now())
        return HTTPEndpoint(host: "127.0.0.1", port: port)
    }

    @Test("for another owner, the address is in use until it is released")
    func keepsOwnersApart() async throws {
        let endpoint = try await freeEndpoint()
        let pool = ListenerPool()
        let listener = try pool.listener(on: endpoint, owner: "receiver:a")
        let error = #expect(throws: HTTPServerError.self) { _ = try pool.listener(on: endpoint, owner: "receiver:b") }
        #expect(error?.description == "listen tcp \(endpoint): bind: address already in use")
        listener.release()
        listener.release()
        try pool.listener(on: endpoint, owner: "receiver:b").release()
    }

    @Test("a server that refuses answers 503 and keeps its port open")
    func refuses() async throws {
        let handler = TestHandler()
        let server = server(handler)
        let address = try await server.bind()
        await server.refuse(deadline: .now() + .seconds(10))
        for _ in 0..<2 {
            let client = try await TestClient.connect(to: address)
            try await client.send(Self.get)
            let answer = await client.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            #expect(answer.contains("\r\nRetry-After: 1\r\n"))
            #expect(answer.contains("\r\nConnection: close\r\n"))
        }
        #expect(handler.heads.isEmpty)
        await server.shutdown(deadline: .now())
    }

    @Test("another owner may have the address of one that is leaving, and the same owner twice")
    func sharesWhileLeaving() async throws {
        let endpoint = try await freeEndpoint()
        let pool = ListenerPool()
        let first = try pool.listener(on: endpoint, owner: "receiver:a")
        let second = try pool.listener(on: endpoint, owner: "receiver:a") { true }
        #expect(throws: HTTPServerError.self) { _ = try pool.listener(on: endpoint, owner: "receiver:b") }
        first.release()
        let third = try pool.listener(on: endpoint, owner: "receiver:b")
        second.release()
        #expect(throws: HTTPServerError.self) { _ = try pool.listener(on: endpoint, owner: "receiver:a") }
        third.release()
        try pool.listener(on: endpoint, owner: "receiver:a").release()
    }

    @Test(
        "a server takes over the port of another, whose connections are served",
        arguments: ["receiver:a", "receiver:b"]
    )
    func takesOver(owner: String) async throws {
        let endpoint = try await freeEndpoint()
        let (old, new) = (TestHandler(), TestHandler())
        let first = server(old, on: endpoint, owner: "receiver:a", isLeaving: true)
        let address = try await first.bind()
        // One connection that has had a request and one that has had none.
        let used = try await TestClient.connect(to: address)
        try await used.send(Self.get)
        _ = try await used.receive(upTo: "GET /a ")
        let fresh = try await TestClient.connect(to: address)

        let second = server(new, on: endpoint, owner: owner)
        _ = try await second.bind()
        async let retired: Void = first.retire(idle: .now() + .seconds(5), deadline: .now() + .seconds(30))
        // Which of the two servers has it depends on who was quicker.
        try await fresh.send(Self.lastGet)
        #expect(await fresh.receiveAll().hasPrefix("HTTP/1.1 200 OK\r\n"))
        // Answered, and closed by the old server behind the answer, once it has been told to.
        var answer = ""
        repeat {
            try await used.send(Self.get)
            answer = try await used.receive(upTo: "GET /a ")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        } while !answer.contains("\r\nConnection: close\r\n")
        #expect(await used.receiveAll() == "")
        await retired
        for _ in 0..<20 {
            let client = try await TestClient.connect(to: address)
            try await client.send(Self.lastGet)
            #expect(await client.receiveAll().hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
        #expect(new.heads.count >= 20)
        await second.shutdown(deadline: .now())
        // Nobody has it any more.
        await #expect(throws: (any Error).self) { try await TestClient.connect(to: address) }
    }

    @Test("connections that bring no request are closed when their time is over")
    func closesIdle() async throws {
        let server = server(TestHandler())
        let address = try await server.bind()
        let client = try await TestClient.connect(to: address)
        try await client.send(Self.get)
        await server.retire(idle: .now() + .milliseconds(100), deadline: .now() + .seconds(30))
        #expect(await client.receiveAll().hasPrefix("HTTP/1.1 200 OK\r\n"))
        let idle = self.server(TestHandler())
        let waiting = try await TestClient.connect(to: try await idle.bind())
        await idle.retire(idle: .now() + .milliseconds(100), deadline: .now() + .seconds(30))
        #expect(await waiting.receiveAll() == "")
    }
}
