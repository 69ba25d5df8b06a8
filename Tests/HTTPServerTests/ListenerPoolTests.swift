import HTTPServer
import NIOCore
import NIOPosix
import Testing

@Suite(.timeLimit(.minutes(1))) struct ListenerPoolTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

    private func server(
        _ handler: TestHandler,
        on endpoint: HTTPEndpoint = HTTPEndpoint(host: "127.0.0.1", port: 0),
        owner: String? = nil
    ) -> HTTPServer {
        var configuration = HTTPServerConfiguration(endpoint: endpoint)
        configuration.listenerOwner = owner
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
}
