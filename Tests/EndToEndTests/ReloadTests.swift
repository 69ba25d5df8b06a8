import FoundationEssentials
import Glibc
import HTTPClient
import NIOCore
import NIOPosix
import OTLPGRPC
import Replay
import Synchronization
import Testing

@Suite("Changing the configuration")
struct ReloadTests {
    typealias Configuration = ReloadStage.Configuration

    /// What became of the spans that were sent.
    private struct Sent: Sendable {
        var accepted: [UInt64] = []
        var failures: [String] = []
    }

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    /// Posts spans on new connections, several at a time, as long as `body` runs.
    private func whileSending(to stage: ReloadStage, _ body: () async throws -> Void) async throws -> Sent {
        let isOver = Flag()
        return try await withThrowingTaskGroup(of: Sent.self) { tasks in
            for sender in UInt64(1)...4 {
                tasks.addTask {
                    var sent = Sent()
                    for id in (sender << 32)... {
                        if isOver.isSet.load(ordering: .relaxed) { break }
                        do {
                            let status = try await stage.post(id)
                            if status == 200 { sent.accepted.append(id) } else { sent.failures.append("\(status)") }
                        } catch {
                            sent.failures.append("\(error)")
                        }
                    }
                    return sent
                }
            }
            defer { isOver.isSet.store(true, ordering: .relaxed) }
            try await body()
            isOver.isSet.store(true, ordering: .relaxed)
            return try await tasks.reduce(into: Sent()) { all, sent in
                all.accepted += sent.accepted
                all.failures += sent.failures
            }
        }
    }

    @Test("while exporters, processors, receivers and levels change, no connection is refused and no batch lost")
    func underLoad() async throws {
        try await ReloadStage.run { stage in
            let changes: [Configuration] = [
                Configuration(timeout: "9s"),
                Configuration(processors: ["memory_limiter"], timeout: "9s", level: "debug"),
                Configuration(processors: ["memory_limiter", "tekton_steps"], timeout: "9s"),
                Configuration(processors: ["tekton_steps"], timeout: "8s", backend: \.other),
                Configuration(http: "max_request_body_size: 1000000", timeout: "8s", backend: \.other),
                Configuration(receiver: "otlp/renamed", timeout: "7s"),
                Configuration(receiver: "otlp/renamed", http: "idle_timeout: 30s", timeout: "7s"),
                Configuration(),
            ]
            let sent = try await whileSending(to: stage) {
                for change in changes + changes {
                    try await stage.reload(change)
                    // It goes on with the new one.
                    let backend = stage[keyPath: change.backend]
                    let count = backend.contents.requests.count
                    #expect(await backend.waitUntil { $0.requests.count > count }, "\(stage.gateway.output.text)")
                }
            }
            #expect(sent.failures.isEmpty, "\(Set(sent.failures))\n\(stage.gateway.output.text)")
            #expect(sent.accepted.count > 100)
            let all = Set(sent.accepted)
            _ = await stage.backend.waitUntil { contents in
                all.isSubset(of: ReloadStage.ids(contents) + ReloadStage.ids(stage.other.contents))
            }
            let arrived = stage.arrived
            #expect(all.subtracting(arrived).isEmpty)
            #expect(arrived.count == Set(arrived).count)
            #expect(!stage.other.contents.requests.isEmpty)
        }
    }

    @Test("an exporter that is replaced still delivers what it holds, while the new one delivers")
    func drains() async throws {
        try await ReloadStage.run { stage in
            stage.backend.behave(.reject(status: 503))
            #expect(try await stage.post(1) == 200)
            #expect(await stage.backend.waitUntil { $0.rejectedCount > 0 })
            try await stage.reload(Configuration(backend: \.other))
            #expect(try await stage.post(2) == 200)
            #expect(await stage.other.waitUntil { $0.spans.count == 1 })
            stage.backend.behave(.accept)
            #expect(await stage.backend.waitUntil { $0.spans.count == 1 })
            #expect(stage.arrived.sorted() == [1, 2])
        }
    }

    @Test("a configuration with errors changes nothing, and all of them are logged")
    func broken() async throws {
        try await ReloadStage.run { stage in
            try await stage.reload(
                Configuration(http: "idle_timeout: soon", isBroken: true),
                expecting: ReloadStage.refusal
            )
            for text in [
                "idle_timeout: expected a duration", "references exporter \"otlp_htp\" which is not configured",
                "references exporter \"debgu\" which is not configured",
            ] { await stage.gateway.expectLog("Cannot reload the configuration: \(stage.file):", text) }
            #expect(try await stage.post(1) == 200)
            try await stage.reload(Configuration(backend: \.other))
            #expect(try await stage.post(2) == 200)
            #expect(await stage.other.waitUntil { $0.spans.count == 1 })
            #expect(await stage.backend.waitUntil { $0.spans.count == 1 })
        }
    }

    @Test("a changed file is taken up without a signal; so is a ConfigMap's link that is swapped")
    func files() async throws {
        try await ReloadStage.run { stage in
            try stage.write(Configuration(backend: \.other))
            #expect(await stage.gateway.waitUntil { ReloadStage.outcomes($0) == 1 }, "\(stage.gateway.output.text)")
            #expect(try await stage.post(1) == 200)
            #expect(await stage.other.waitUntil { $0.spans.count == 1 })

            // As the kubelet does it: config.yaml -> ..data/config.yaml, ..data -> a folder for each version.
            let manager = FileManager.default
            for (version, backend) in [("..1", stage.other), ("..2", stage.backend)] {
                try manager.createDirectory(atPath: "\(stage.folder)/\(version)", withIntermediateDirectories: true)
                let text = ReloadStage.text(Configuration(), port: stage.port.number, url: backend.url)
                try Data(text.utf8).write(to: URL(filePath: "\(stage.folder)/\(version)/config.yaml"))
            }
            func link(_ name: String, to target: String) throws {
                try manager.createSymbolicLink(atPath: "\(stage.folder)/new", withDestinationPath: target)
                #expect(rename("\(stage.folder)/new", "\(stage.folder)/\(name)") == 0)
            }
            try link("..data", to: "..1")
            try link("config.yaml", to: "..data/config.yaml")
            #expect(await stage.gateway.waitUntil { ReloadStage.outcomes($0) == 2 }, "\(stage.gateway.output.text)")
            try link("..data", to: "..2")
            #expect(await stage.gateway.waitUntil { ReloadStage.outcomes($0) == 3 }, "\(stage.gateway.output.text)")
            #expect(try await stage.post(2) == 200)
            #expect(await stage.backend.waitUntil { $0.spans.count == 1 })
        }
    }

    @Test("a port that is in use: the old configuration stays; receivers come and go")
    func receivers() async throws {
        try await ReloadStage.run { stage in
            let taken = String(stage.other.url.dropFirst("http://".count))
            func adding(_ address: String) -> Configuration {
                Configuration(
                    receivers: "otlp/2: {protocols: {http: {endpoint: \"\(address)\"}}}",
                    receiverIDs: ["otlp/2"],
                    timeout: "5s"
                )
            }
            try await stage.reload(adding(taken), expecting: ReloadStage.refusal)
            await stage.gateway.expectLog("Cannot reload the configuration: receiver:otlp/2 failed: ", "already in use")
            #expect(try await stage.post(1) == 200)
            // Also when it is one of its own.
            try await stage.reload(adding("127.0.0.1:\(stage.port.number)"), expecting: ReloadStage.refusal)
            #expect(try await stage.post(2) == 200)
            let free = try ReservedPort()
            try await stage.reload(adding("127.0.0.1:\(free.number)"))
            #expect(try await stage.post(3, port: free.number) == 200)
            try await stage.reload(Configuration())
            #expect(
                await stage.gateway.waitUntil { $0.contains("\"removed\": [\"receiver:otlp/2\"]") },
                "\(stage.gateway.output.text)"
            )
            while (try? await stage.post(4, port: free.number)) != nil {}
            #expect(try await stage.post(5) == 200)
            #expect(await stage.backend.waitUntil { contents in contents.spans.count >= 4 })
        }
    }

    @Test("a receiver of two protocols whose new port is in use: the old one goes on, and so do later changes")
    func twoProtocols() async throws {
        let (http, grpc, other) = (try ReservedPort(), try ReservedPort(), try ReservedPort())
        func configuration(_ port: String) -> Configuration {
            let protocols = "{grpc: {endpoint: \"127.0.0.1:\(grpc.number)\"}, http: {endpoint: \"\(port)\"}}"
            return Configuration(receivers: "otlp/two: {protocols: \(protocols)}", receiverIDs: ["otlp/two"])
        }
        try await ReloadStage.run(configuration("127.0.0.1:\(http.number)")) { stage in
            let taken = String(stage.other.url.dropFirst("http://".count))
            try await stage.reload(configuration(taken), expecting: ReloadStage.refusal)
            await stage.gateway.expectLog(
                "Cannot reload the configuration: receiver:otlp/two failed: ",
                "http::endpoint: listen tcp \(taken): bind: address already in use; choose another endpoint"
            )
            #expect(try await stage.post(1, port: http.number) == 200)
            try await Self.export(2, port: grpc.number)
            try await stage.reload(configuration("127.0.0.1:\(other.number)"))
            #expect(try await stage.post(3, port: other.number) == 200)
            try await Self.export(4, port: grpc.number)
            #expect(await stage.backend.waitUntil { $0.spans.count == 4 }, "\(stage.gateway.output.text)")
        }
    }

    /// Sends a span by gRPC on a connection of its own.
    private static func export(_ id: UInt64, port: Int) async throws {
        var options = TraceClientConfiguration(host: "127.0.0.1", port: port)
        options.timeout = .seconds(20)
        let client = try TraceClient(options, group: MultiThreadedEventLoopGroup.singleton)
        let request = ByteBuffer(bytes: try Fixtures.request([Fixtures.span(id: id)]))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await client.run() }
            _ = try await client.export(request)
            client.shutdown()
            try await tasks.waitForAll()
        }
    }

    @Test("a gRPC port stays open while its receiver changes")
    func grpc() async throws {
        let port = try ReservedPort()
        func configuration(_ streams: Int) -> Configuration {
            let options = "{endpoint: \"127.0.0.1:\(port.number)\", max_concurrent_streams: \(streams)}"
            return Configuration(
                receivers: "otlp/grpc: {protocols: {grpc: \(options)}}",
                receiverIDs: ["otlp/grpc"]
            )
        }
        try await ReloadStage.run(configuration(10)) { stage in
            for round in UInt64(1)...5 {
                try await Self.export(round, port: port.number)
                try await stage.reload(configuration(10 + Int(round)))
                #expect(stage.gateway.output.contains("\"replaced\": [\"receiver:otlp/grpc\"]"))
                // A connection that is made before the old one has gone, and one behind it.
                try await Self.export(round << 8, port: port.number)
                try await Self.export(round << 16, port: port.number)
            }
            #expect(await stage.backend.waitUntil { $0.spans.count == 15 }, "\(stage.gateway.output.text)")
        }
    }

    @Test("the log's level changes; SIGTERM right behind SIGHUP ends it cleanly")
    func logs() async throws {
        try await ReloadStage.run { stage in
            stage.gateway.send(signal: SIGHUP)
            await stage.gateway.expectLog("\tinfo\t", "The configuration has been reloaded.", "\"kept\": 2")
            #expect(!stage.gateway.output.contains("\tdebug\t"))
            try await stage.reload(Configuration(level: "debug"))
            stage.gateway.send(signal: SIGHUP)
            await stage.gateway.expectLog("\tdebug\t", "Reading the configuration again.")
            stage.gateway.send(signal: SIGHUP)
            stage.gateway.send(signal: SIGTERM)
            #expect(await stage.gateway.waitForExit() == .code(0))
        }
    }
}

extension GatewayProcess {
    /// Waits for a line with all of these texts.
    fileprivate func expectLog(_ texts: String...) async {
        #expect(
            await waitUntil { log in log.lines.contains { line in texts.allSatisfy(line.text.contains) } },
            "\(texts): \(output.text)"
        )
    }
}
