import NIOCore
import NIOPosix
import OTLPGRPC
import Replay
import Testing

@Suite("OTLP over gRPC")
struct GRPCTests {
    @Test(
        "what comes in by gRPC reaches the backend byte for byte, and rubbish is refused without harm",
        arguments: [true, false]
    )
    func receives(gzip: Bool) async throws {
        let settings = ["receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0"]
        try await Stage.run([], settings) { stage in
            let line = try #require(stage.gateway.output.lines.first { $0.message == "Starting GRPC server" })
            let port = try #require(line.attributes["endpoint"]?.split(separator: ":").last.flatMap { Int($0) })
            var options = TraceClientConfiguration(host: "127.0.0.1", port: port)
            options.gzip = gzip
            options.waitForReady = true
            let client = try TraceClient(options, group: MultiThreadedEventLoopGroup.singleton)
            let request = try Fixtures.request((1...50).map { Fixtures.span(id: $0) })
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await client.run() }
                let error = await #expect(throws: ExportError.self) {
                    _ = try await client.export(ByteBuffer(bytes: [0xFF, 0xFF]))
                }
                #expect(error?.description.hasPrefix("rpc error: code = InvalidArgument") == true, "\(error as Any)")
                _ = try await client.export(ByteBuffer(bytes: request))
                #expect(await stage.backend.waitUntil { $0.spans.count >= 50 })
                #expect(try stage.backend.contents.spans == RawSpan.spans(of: request))
                client.shutdown()
                try await tasks.waitForAll()
            }
        }
    }

    @Test("one gateway sends to another by gRPC")
    func sends() async throws {
        try await Slots.use(2) {
            try await Stage.runNow([], ["receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0"]) { second in
                let line = try #require(second.gateway.output.lines.first { $0.message == "Starting GRPC server" })
                let endpoint = try #require(line.attributes["endpoint"])
                let settings = [
                    "exporters.otlp_grpc.endpoint=\(endpoint)", "exporters.otlp_grpc.tls.insecure=true",
                    "service.pipelines.traces.exporters=[otlp_grpc]",
                ]
                try await Stage.runNow([], settings) { first in
                    let request = try Fixtures.request((1...50).map { Fixtures.span(id: $0) })
                    try await first.send(request)
                    #expect(await second.backend.waitUntil { $0.spans.count >= 50 }, "\(first.gateway.output.text)")
                    #expect(second.backend.contents.spans.count == 50)
                    #expect(first.backend.contents.spans.isEmpty)
                }
            }
        }
    }
}
