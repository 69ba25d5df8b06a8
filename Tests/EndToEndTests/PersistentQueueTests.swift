import Glibc
import HTTPClient
import OTLP
import Replay
import SwiftProtobuf
import Synchronization
import Testing

/// `sending_queue::storage`: what was answered with 200 is sent, whatever happens to the process.
@Suite("The persistent queue")
struct PersistentQueueTests {
    /// A gateway that stores its queue, and can be started again and again on the same directory.
    private final class Store: Sendable {
        let folder: TemporaryFolder
        let backend = RecordingBackend()
        let client: HTTPClient
        private let ids = Mutex<[UInt64]>([])

        init() async throws {
            folder = try TemporaryFolder()
            var options = HTTPClientConfiguration()
            options.proxy = ""
            client = try HTTPClient(configuration: options)
            try await backend.start()
        }

        private var configuration: String {
            """
            yaml:
            receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
            exporters:
              otlp_http:
                endpoint: \(backend.url)
                compression: none
                retry_on_failure: {initial_interval: 20ms, max_interval: 100ms, max_elapsed_time: 0}
                sending_queue: {storage: file_storage, queue_size: 1000000}
            extensions: {file_storage: {directory: \(folder.path)/queue, timeout: 100ms}}
            service:
              extensions: [file_storage]
              telemetry: {metrics: {level: none}}
              pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}
            """
        }

        /// - Parameter limit: for the size of files, in blocks as the shell has them.
        func start(limit: Int? = nil, _ settings: [String] = []) async throws -> GatewayProcess {
            let arguments = ["--config", configuration] + settings.flatMap { ["--set", $0] }
            guard let limit else { return try await GatewayProcess.start(Steptrace.path, arguments: arguments) }
            return try await GatewayProcess.start(
                "/bin/sh",
                arguments: ["-c", "ulimit -f \(limit); exec \"$0\" \"$@\"", Steptrace.path] + arguments
            )
        }

        func startReady(limit: Int? = nil) async throws -> (GatewayProcess, url: String) {
            let gateway = try await start(limit: limit)
            try await gateway.waitUntilReady()
            return (gateway, "http://\(try #require(gateway.endpoint(of: "otlp")))/v1/traces")
        }

        /// A span of its own for each id, with `padding` bytes beside.
        func post(_ id: UInt64, padding: Int = 0, to url: String) async throws -> HTTPClientResponse {
            var span = Fixtures.span(id: id)
            span.traceState = String(repeating: "x", count: padding)
            return try await client.execute(
                HTTPClientRequest(
                    method: "POST",
                    url: url,
                    headers: [("Content-Type", "application/x-protobuf")],
                    body: try Fixtures.request([span])
                )
            )
        }

        /// The spans that have arrived, in their order.
        var arrived: [UInt64] { read(backend.contents) }

        /// True once all of them have arrived.
        func waitFor(_ ids: Set<UInt64>) async -> Bool {
            await backend.waitUntil(timeout: .seconds(60)) { contents in
                contents.spans.count >= ids.count && ids.isSubset(of: self.read(contents))
            }
        }

        /// Each span is decoded once only: this is done again and again while the backend is to answer.
        private func read(_ contents: RecordingBackend.Contents) -> [UInt64] {
            ids.withLock { ids in
                ids += contents.spans.dropFirst(ids.count).map { span in
                    span.message.spanID.reduce(0) { $0 << 8 | UInt64($1) }
                }
                return ids
            }
        }
    }

    /// What was answered with 200, and when to strike.
    private final class Load: Sendable {
        private let state = Mutex<(accepted: Set<UInt64>, next: UInt64, strikeAt: Int)>(([], 0, 0))

        var accepted: Set<UInt64> { state.withLock { $0.accepted } }

        /// Posts until the gateway is gone; calls `strike` when `count` more have been accepted.
        func run(
            _ store: Store,
            _ url: String,
            until count: Int,
            seed: UInt64,
            strike: @escaping @Sendable () -> Void
        ) async {
            state.withLock { $0.strikeAt = $0.accepted.count + count }
            await withTaskGroup { group in
                for sender in 0..<8 as Range<UInt64> {
                    group.addTask {
                        var random = seed &+ sender
                        while true {
                            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                            let id = self.state.withLock { state in
                                state.next += 1
                                return state.next
                            }
                            let padding = Int(random >> 33) % (random >> 60 == 0 ? 60_000 : 2000)
                            guard let answer = try? await store.post(id, padding: padding, to: url) else { return }
                            if answer.status == 200, self.accept(id) { strike() }
                        }
                    }
                }
            }
        }

        private func accept(_ id: UInt64) -> Bool {
            state.withLock { state in
                state.accepted.insert(id)
                return state.accepted.count == state.strikeAt
            }
        }
    }

    @Test("kill -9 under load, again and again: whatever was answered with 200 arrives")
    func kill() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = seed
        func draw(_ range: Range<Int>) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return range.lowerBound + Int(random >> 33) % range.count
        }
        try await Slots.use(4) {
            let store = try await Store()
            let load = Load()
            for round in 0..<6 {
                // Every other time there is nobody to send to, so that much is left.
                if round % 2 == 1 { await store.backend.stop() }
                let (gateway, url) = try await store.startReady()
                await load.run(store, url, until: draw(1..<1500), seed: seed &+ UInt64(round) << 8) {
                    gateway.send(signal: SIGKILL)
                }
                #expect(await gateway.waitForExit() == .signal(SIGKILL), "\(gateway.output.text)")
                if round % 2 == 1 { try await store.backend.start() }
            }
            let (gateway, _) = try await store.startReady()
            let accepted = load.accepted
            #expect(accepted.count >= 6)
            #expect(await store.waitFor(accepted), "seed \(seed): \(accepted.subtracting(store.arrived).count) lost")
            #expect(await gateway.stop() == .code(0), "\(gateway.output.text)")
            let last = try #require(gateway.output.lines.first { $0.message == "Exporter stopped." })
            #expect(last.text.contains("\"left_in_storage\": 0"), "\(last.text)")
            // Those that were in flight when the process was killed come twice, and no more.
            print("\(accepted.count) accepted, \(store.arrived.count) arrived")
            await store.backend.stop()
        }
    }

    @Test("a signal while the backend is away: what is left stays, is said, and is sent the next time")
    func signal() async throws {
        try await Slots.use {
            let store = try await Store()
            await store.backend.stop()
            let (first, url) = try await store.startReady()
            for id in 1...30 as ClosedRange<UInt64> { #expect(try await store.post(id, to: url).status == 200) }
            #expect(await first.stop() == .code(0), "\(first.output.text)")
            let last = try #require(first.output.lines.first { $0.message == "Exporter stopped." }).text
            #expect(last.contains("\"accepted_items\": 30") && last.contains("\"left_in_storage\": 30"), "\(last)")
            #expect(last.contains("\"dropped_shutdown\": 0") && last.contains("\"sent_items\": 0"), "\(last)")

            try await store.backend.start()
            let (second, _) = try await store.startReady()
            #expect(await store.waitFor(Set(1...30)))
            #expect(await second.stop() == .code(0))
            let end = try #require(second.output.lines.first { $0.message == "Exporter stopped." }).text
            #expect(end.contains("\"restored_items\": 30") && end.contains("\"left_in_storage\": 0"), "\(end)")
            #expect(store.arrived == Array(1...30), "oldest first, each once")
            await store.backend.stop()
        }
    }

    @Test("a full disk: 503 and Retry-After, nothing accepted is lost, and it goes on when there is room")
    func fullDisk() async throws {
        try await Slots.use {
            let store = try await Store()
            await store.backend.stop()
            let (gateway, url) = try await store.startReady(limit: 4000)
            var accepted: Set<UInt64> = []
            var refused: HTTPClientResponse?
            for id in 1...2000 as ClosedRange<UInt64> where refused == nil {
                let answer = try await store.post(id, padding: 20_000, to: url)
                if answer.status == 200 { accepted.insert(id) } else { refused = answer }
            }
            let answer = try #require(refused)
            #expect(answer.status == 503)
            #expect(answer.header("Retry-After") == "1")
            let status = try Google_Rpc_Status(serializedBytes: answer.body)
            #expect(status.message.hasPrefix("the sending queue's storage cannot be written: "), "\(status.message)")
            #expect(accepted.count > 20)
            #expect(await gateway.waitUntil { $0.contains("The storage of the sending queue does not work.") })

            try await store.backend.start()
            #expect(await store.waitFor(accepted), "\(gateway.output.text)")
            var next: UInt64 = 10_000
            let end = ContinuousClock.now + .seconds(20)
            while try await store.post(next, padding: 20_000, to: url).status != 200, ContinuousClock.now < end {
                next += 1
            }
            #expect(await store.waitFor([next]), "\(gateway.output.text)")
            #expect(await gateway.waitUntil { $0.contains("The storage of the sending queue works again.") })
            #expect(await gateway.stop() == .code(0), "\(gateway.output.text)")
            #expect(gateway.output.contains("\"left_in_storage\": 0"), "\(gateway.output.text)")
            await store.backend.stop()
        }
    }

    @Test("a damaged file is set aside under another name, said, and begun anew")
    func damaged() async throws {
        try await Slots.use {
            let store = try await Store()
            let (first, url) = try await store.startReady()
            #expect(try await store.post(1, to: url).status == 200)
            #expect(await store.waitFor([1]))
            #expect(await first.stop() == .code(0))
            _ = try store.folder.write("queue/exporter_otlp_http__traces.sqlite", [UInt8](repeating: 0x5A, count: 9000))
            let (second, again) = try await store.startReady()
            #expect(second.output.contains("The file of the sending queue is damaged."), "\(second.output.text)")
            #expect(try await store.post(2, to: again).status == 200)
            #expect(await store.waitFor([2]))
            #expect(await second.stop() == .code(0))
            await store.backend.stop()
        }
    }

    @Test("a second process on the same directory says so and ends, the first goes on")
    func second() async throws {
        try await Slots.use(2) {
            let store = try await Store()
            let (first, url) = try await store.startReady()
            let second = try await store.start()
            #expect(await second.waitForExit() == .code(1), "\(second.output.text)")
            #expect(second.output.contains("is in use by another process"), "\(second.output.text)")
            #expect(try await store.post(1, to: url).status == 200)
            #expect(await store.waitFor([1]))
            #expect(await first.stop() == .code(0))
            await store.backend.stop()
        }
    }

    @Test("a directory that cannot be, an extension that is not there: an error at the start that says what to do")
    func errors() async throws {
        try await Slots.use {
            let store = try await Store()
            for (setting, error) in [
                ("extensions.file_storage.directory=/dev/null/below", "/dev/null, which is where"),
                ("service.extensions=[]", "no storage client extension found: \"file_storage\""),
                ("exporters.otlp_http.sending_queue.wait_for_result=true", "`wait_for_result` is not supported with"),
            ] {
                let gateway = try await store.start([setting])
                #expect(await gateway.waitForExit() == .code(1), "\(gateway.output.text)")
                #expect(gateway.output.contains(error), "\(gateway.output.text)")
            }
            await store.backend.stop()
        }
    }
}
