import Replay
import Testing

@Suite("A gRPC backend is not well")
struct GRPCFaultTests {
    private static func settings(_ endpoint: String) -> [String] {
        [
            "exporters.otlp_grpc.endpoint=\(endpoint)", "exporters.otlp_grpc.tls.insecure=true",
            "exporters.otlp_grpc.timeout=1s", "exporters.otlp_grpc.retry_on_failure.initial_interval=50ms",
            "exporters.otlp_grpc.retry_on_failure.max_interval=200ms",
            "service.pipelines.traces.exporters=[otlp_grpc]",
            // What was dropped is summed up from the log.
            "service.telemetry.logs.sampling.enabled=false",
        ]
    }

    struct Peer: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: ScriptedBackend.Answer
    }

    @Test(
        "who answers speaks no gRPC: it is tried again, and what is left at the end is counted",
        arguments: [
            Peer(testDescription: "nothing", answer: .silence),
            Peer(testDescription: "an end", answer: .closing("")),
            Peer(
                testDescription: "HTTP/1.1",
                answer: .closing("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            ),
            Peer(testDescription: "SSH", answer: .closing("SSH-2.0-OpenSSH_9.2p1\r\n")),
            Peer(testDescription: "bytes for ever", answer: .endless("", "0123456789")),
            // A frame of SETTINGS, and then one that is longer than allowed.
            Peer(
                testDescription: "HTTP/2 and rubbish",
                answer: .closing("\0\0\0\u{4}\0\0\0\0\0\u{7F}\u{7F}\u{7F}\0\0\0\0\0\0")
            ),
        ]
    )
    func noGRPC(_ peer: Peer) async throws {
        try await ScriptedBackend.run([ScriptedBackend.Answer](repeating: peer.answer, count: 1000)) { _, url in
            try await Stage.run([], Self.settings(url)) { stage in
                try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
                await stage.expectLog("Exporting failed. Will retry the request after interval.")
                // Whoever sends is not held up.
                for id in UInt64(2)...50 { try await stage.send(Fixtures.request([Fixtures.span(id: id)])) }
                #expect(await stage.gateway.stop() == .code(0))
                #expect(try stage.dropped() == 50, "\(stage.gateway.output.text)")
            }
        }
    }

    @Test("it comes, goes and comes again: nothing is lost")
    func flapping() async throws {
        let port = try ReservedPort()
        let endpoint = "127.0.0.1:\(port.number)"
        try await Slots.use(2) {
            try await Stage.runNow([], Self.settings(endpoint)) { stage in
                for round in UInt64(0)..<3 {
                    // Sent while it is away.
                    let ids = round * 10 + 1...round * 10 + 10
                    for id in ids { try await stage.send(Fixtures.request([Fixtures.span(id: id)])) }
                    try await Stage.runNow([], ["receivers.otlp.protocols.grpc.endpoint=\(endpoint)"]) { second in
                        #expect(await second.backend.waitUntil(timeout: .seconds(30)) { $0.spans.count >= ids.count })
                        let arrived = second.backend.contents.spans.map(\.message)
                        #expect(Set(arrived) == Set(ids.map { Fixtures.span(id: $0) }), "\(stage.gateway.output.text)")
                    }
                }
                #expect(!stage.gateway.output.contains("Dropping data"))
            }
        }
    }
}

extension Stage {
    /// The spans that the log says were given up.
    func dropped() throws -> Int {
        gateway.output.lines.compactMap { line in
            let text = line.text
            guard let key = text.ranges(of: "\"dropped_items\": ").first else { return nil }
            return Int(text[key.upperBound...].prefix { $0.isNumber })
        }.reduce(0, +)
    }
}
