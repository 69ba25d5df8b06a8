import Collector
import Compression
import FoundationEssentials
import HTTPServer
import Logging
import NIOCore
import NIOHTTP1
import OTLP
import SwiftProtobuf
import Testing

@testable import Components

/// The exporter, with its queue, against a backend over real sockets.
@Suite(.timeLimit(.minutes(1))) struct OTLPHTTPExporterTests {
    var context = TestContext()

    /// Runs an exporter around `body`; it is drained behind it.
    func run(
        _ url: String,
        configure: (inout OTLPHTTPExporterConfiguration) -> Void = { _ in },
        body: (QueuedExporter) async throws -> Void
    ) async throws {
        var configuration = try configuration(
            OTLPHTTPExporterConfiguration.self,
            ConfigNode(.map([("endpoint", ConfigNode(.string(url), text: url))]))
        )
        configuration.compression = .none
        configuration.retry.initialInterval = .milliseconds(1)
        configure(&configuration)
        let reports = context.reports
        let context = context.component("otlp_http")
        let exporter = try QueuedExporter(
            sender: OTLPHTTPSender(configuration, logger: context.logger),
            queue: configuration.queue,
            retry: configuration.retry,
            context: context
        )
        try await withRunning(exporter) {
            // In a pipeline, exporters run before anything can come.
            _ = await reports.first(1)
            try await body(exporter)
        }
    }

    func consume(_ exporter: QueuedExporter, _ batch: TraceBatch) async -> ConsumeResult {
        await withCheckedContinuation { continuation in
            exporter.consume(batch) { continuation.resume(returning: $0) }
        }
    }

    func isAccepted(_ result: ConsumeResult) -> Bool {
        if case .accepted = result { true } else { false }
    }

    func bodies(_ backend: TestBackend) -> [[UInt8]] {
        backend.requests.elements.map { Array($0.body.readableBytesView) }
    }

    // MARK: Requests

    @Test func postsTheBytesUnchangedWithTheHeadersOfOTLP() async throws {
        try await TestBackend.run { backend, url in
            try await run(url + "/", configure: { $0.headers = ["X-Scope": "ci"] }) { exporter in
                #expect(isAccepted(await consume(exporter, Samples.batch())))
                let request = try #require(await backend.requests.first(1).first)
                #expect(request.method == .POST)
                #expect(request.path == "/v1/traces")
                #expect(request.headers.first(name: "Content-Type") == "application/x-protobuf")
                #expect(request.headers.first(name: "Content-Encoding") == nil)
                #expect(request.headers.first(name: "X-Scope") == "ci")
                let agent = request.headers.first(name: "User-Agent") ?? ""
                #expect(agent.hasPrefix("steptrace/\(BuildInfo.version) (linux/"))
                #expect(Array(request.body.readableBytesView) == Samples.bytes())
            }
            #expect(context.reports.elements == [.ok, .stopping, .stopped])
        }
    }

    @Test func gzipCompressesAndNothingElse() async throws {
        try await TestBackend.run { backend, url in
            try await run(url, configure: { $0.compression = .gzip }) { exporter in
                _ = await consume(exporter, Samples.batch(spans: 30))
                let request = try #require(await backend.requests.first(1).first)
                #expect(request.headers.first(name: "Content-Encoding") == "gzip")
                let body = try request.body.inflated(.gzip, limit: 1 << 20) { _ in true }
                #expect(Array(body.readableBytesView) == Samples.bytes(spans: 30))
            }
        }
    }

    @Test func whatIsAcceptedArrivesOnceWhetherMergedOrNot() async throws {
        try await TestBackend.run { backend, url in
            try await run(url, configure: { $0.queue.consumers = 2 }) { exporter in
                for index in 0..<200 {
                    #expect(isAccepted(await consume(exporter, Samples.batch("span \(index)"))))
                }
            }
            // The exporter was shut down gracefully: it has drained its queue.
            let names = try bodies(backend).flatMap { try Samples.names($0) }
            #expect(names.sorted() == (0..<200).map { "span \($0)" }.sorted())
        }
    }

    @Test func connectionsAreUsedAgain() async throws {
        try await CountingBackend.run { backend, url in
            try await run(url, configure: { $0.queue.consumers = 1 }) { exporter in
                for _ in 0..<20 { _ = await consume(exporter, Samples.batch()) }
            }
            #expect(backend.connections == 1)
            #expect(backend.requests > 0)
        }
        try await CountingBackend.run { backend, url in
            try await run(url, configure: { $0.disableKeepAlives = true }) { exporter in
                for _ in 0..<3 { _ = await consume(exporter, Samples.batch()) }
            }
            #expect(backend.connections == backend.requests)
        }
    }

    // MARK: Answers

    @Test(arguments: [429, 502, 503, 504])
    func retryableAnswersAreRetriedUntilTheBackendTakesIt(status: Int) async throws {
        let busy = HTTPServerResponse(status: .init(statusCode: status))
        try await TestBackend.run(busy, busy, HTTPServerResponse(status: .ok)) { backend, url in
            try await run(url) { exporter in
                _ = await consume(exporter, Samples.batch())
                let requests = await backend.requests.first(3)
                #expect(requests.allSatisfy { $0.body == requests[0].body })
                let reports = await context.reports.first(3)
                #expect(reports[0] == .ok)
                guard case .recoverableError = reports[1] else {
                    Issue.record("\(reports)")
                    return
                }
                #expect(reports[2] == .ok)
            }
            let log = await context.log("Exporting failed. Will retry the request after interval.")
            #expect(log.metadata["error"]?.contains("responded with HTTP Status Code \(status)") == true)
        }
    }

    @Test func aBackendThatIsAwayIsRetried() async throws {
        var url = ""
        try await TestBackend.run { _, freeURL in url = freeURL }
        try await run(url, configure: { $0.retry.initialInterval = .seconds(60) }) { exporter in
            #expect(isAccepted(await consume(exporter, Samples.batch())))
            let log = await context.log("Exporting failed. Will retry the request after interval.")
            #expect(log.metadata["error"]?.contains("failed to make an HTTP request") == true)
        }
        let dropped = await context.log("Exporting failed. Dropping data.")
        #expect(dropped.metadata["error"]?.hasPrefix("interrupted due to shutdown: ") == true)
        #expect(dropped.metadata["dropped_items"] == "1")
    }

    @Test func permanentAnswersDropTheBatchWithTheBackendsMessage() async throws {
        var status = Google_Rpc_Status()
        status.message = "who are you"
        let answer = HTTPServerResponse(
            status: .unauthorized,
            headers: ["Content-Type": "application/x-protobuf"],
            body: ByteBuffer(bytes: try status.serializedBytes() as [UInt8])
        )
        try await TestBackend.run(answer) { backend, url in
            try await run(url) { exporter in
                _ = await consume(exporter, Samples.batch(spans: 4))
                let log = await context.log("Exporting failed. Dropping data.")
                #expect(
                    log.metadata["error"]
                        == "not retryable error: error exporting items, request to \(url)/v1/traces responded with "
                        + "HTTP Status Code 401, Message=who are you, Details=[]"
                )
                #expect(log.metadata["dropped_items"] == "4")
                #expect(exporter.counters.droppedSpans == 4)
            }
            #expect(backend.requests.elements.count == 1)
        }
    }

    @Test func partialSuccessIsAWarningAndNoFailure() async throws {
        var content = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceResponse()
        content.partialSuccess.rejectedSpans = 2
        content.partialSuccess.errorMessage = "too old"
        let answer = HTTPServerResponse(
            status: .ok,
            headers: ["Content-Type": "application/x-protobuf"],
            body: ByteBuffer(bytes: try content.serializedBytes() as [UInt8])
        )
        try await TestBackend.run(answer) { backend, url in
            try await run(url) { exporter in
                _ = await consume(exporter, Samples.batch(spans: 5))
                let log = await context.log("Partial success response")
                #expect(log.level == .warning)
                #expect(log.metadata == ["message": "too old", "dropped_spans": "2"])
            }
            #expect(backend.requests.elements.count == 1)
        }
    }

    // MARK: Without queue, and the end

    @Test func withoutQueueTheSenderGetsTheBackendsAnswer() async throws {
        let answers = [HTTPServerResponse(status: .ok), HTTPServerResponse(status: .badRequest)]
        try await TestBackend.run(answers[0], answers[1]) { _, url in
            try await run(url, configure: { $0.queue.enabled = false }) { exporter in
                #expect(isAccepted(await consume(exporter, Samples.batch())))
                guard case .refused(let error) = await consume(exporter, Samples.batch()) else {
                    Issue.record("accepted")
                    return
                }
                #expect(error.kind == .permanent)
                #expect(error.message.contains("HTTP Status Code 400"))
            }
        }
    }

    @Test func shutdownEndsInTimeAndSaysWhatWasDropped() async throws {
        var tests = self
        tests.context = TestContext(shutdownTimeout: .milliseconds(50))
        let context = tests.context
        try await SilentBackend.run { url in
            let clock = ContinuousClock()
            let start = clock.now
            try await tests.run(url) { exporter in
                _ = await consume(exporter, Samples.batch(spans: 3))
            }
            #expect(clock.now - start < .seconds(10))
        }
        let log = await context.log("Shutdown timeout is over. Dropping data that has not been delivered.")
        #expect(log.metadata["dropped_items"] == "3")
    }
}
