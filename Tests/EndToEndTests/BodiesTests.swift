import Compression
import HTTPClient
import NIOCore
import NIOPosix
import Replay
import TestSupport
import Testing

@Suite("Bodies in memory")
struct BodiesTests {
    /// Senders that hold a body each that does not end, of which they have sent as much as was taken.
    private final class SlowSenders: Sendable {
        private let channels: [any Channel]
        private let closed = Observed(0)

        /// - Parameter isChunked: the other half announces the length.
        init(_ count: Int, bytes: Int, url: String) async throws {
            let address = url.dropFirst("http://".count).split(separator: ":")
            let (host, port) = (String(address[0]), Int(address[1]) ?? 0)
            let closed = closed
            let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.closeFuture.whenComplete { _ in closed.update { $0 += 1 } }
                    return channel.eventLoop.makeSucceededVoidFuture()
                }
            var channels: [any Channel] = []
            for _ in 0..<count { channels.append(try await bootstrap.connect(host: host, port: port).get()) }
            self.channels = channels
            let piece = ByteBuffer(repeating: 0x78, count: 64 << 10)
            let head = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
            let ends = [
                "Content-Length: 20000000\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n\(String(bytes * 2, radix: 16))\r\n",
            ]
            await withTaskGroup { tasks in
                for (number, channel) in channels.enumerated() {
                    tasks.addTask {
                        try? await channel.writeAndFlush(ByteBuffer(string: head + ends[number % 2])).get()
                        for _ in 0..<(bytes / piece.readableBytes) {
                            guard (try? await channel.writeAndFlush(piece).get()) != nil else { return }
                        }
                    }
                }
            }
        }

        /// How many the gateway has closed.
        var closedCount: Int { closed.value }

        func close() async { for channel in channels { try? await channel.close().get() } }
    }

    @Test("200 slow senders with large bodies: memory stays bounded, small requests are served, and large ones later")
    func slowSenders() async throws {
        try await Stage.run([], isAlone: true) { stage in
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            let before = try stage.gateway.residentMemory
            let limit = try #require(try await stage.metrics()["steptrace_request_bodies_limit_bytes"])
            // Three times the limit, if it were taken.
            let senders = try await SlowSenders(200, bytes: 4 << 20, url: stage.url)
            for id in UInt64(2)...51 { try await stage.send(Fixtures.request([Fixtures.span(id: id)])) }
            let metrics = try await stage.metrics()
            let held = metrics["steptrace_request_bodies_bytes"] ?? 0
            #expect(held > limit / 2 && held < limit, "\(held) of \(limit)")
            let cause = ["receiver": "otlp", "transport": "http", "cause": "memory"]
            let unread = metrics["steptrace_receiver_unread_requests", cause] ?? 0
            #expect(unread > 0)
            #expect(metrics.sum("otelcol_receiver_requests", ["outcome": "refused"]) == unread)
            let peak = try stage.gateway.peakMemory
            #expect(Double(peak - before) < limit * 1.25 + Double(64 << 20), "\(peak), \(before) before")
            // One more that is large is told to come again.
            let large = [UInt8](repeating: 0x07, count: 10 << 20)
            let refused = try await stage.post(large)
            #expect(refused.status == 503)
            #expect(refused.header("Retry-After") == "1")

            await senders.close()
            let after = try await stage.metrics { $0["steptrace_request_bodies_bytes"] == 0 }
            #expect(after["steptrace_request_bodies_bytes"] == 0)
            // Read, and found to be no OTLP.
            #expect(try await stage.post(large).status == 400)
            #expect(await stage.backend.waitUntil { $0.spans.count == 51 })
        }
    }

    @Test("small bodies that become large: what they become counts")
    func inflated() async throws {
        try await Stage.run([], ["exporters.otlp_http.sending_queue.enabled=false"], isAlone: true) { _, backend in
            backend.behave(.hang)
        } _: { stage in
            let limit = try #require(try await stage.metrics()["steptrace_request_bodies_limit_bytes"])
            // Attributes of 8 MiB; they wait for a backend that does not answer.
            let body = try gzip(Fixtures.request([Fixtures.large(id: 1, bytes: 8 << 20)]))
            let headers = [("Content-Type", "application/x-protobuf"), ("Content-Encoding", "gzip")]
            let refusals = Observed(0)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<100 {
                    tasks.addTask {
                        let answer = try? await stage.post(body, headers: headers)
                        if answer?.status == 503 { refusals.update { $0 += 1 } }
                    }
                }
                let metrics = try await stage.metrics { metrics in
                    metrics.sum("steptrace_receiver_unread_requests", ["cause": "memory"])
                        + (metrics["steptrace_request_bodies_bytes"] ?? 0) / Double(8 << 20) >= 99
                }
                let held = metrics["steptrace_request_bodies_bytes"] ?? 0
                #expect(held > limit / 2 && held < limit, "\(held) of \(limit)")
                try await stage.send([])
                // Those that wait are refused for good.
                stage.backend.behave(.reject(status: 400))
                await stage.backend.stop()
                try await stage.backend.start()
                try await tasks.waitForAll()
            }
            #expect(refusals.value > 50)
            let after = try await stage.metrics { $0["steptrace_request_bodies_bytes"] == 0 }
            #expect(after["steptrace_request_bodies_bytes"] == 0)
        }
    }
}
