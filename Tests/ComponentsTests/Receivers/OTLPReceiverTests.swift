import Collector
import Compression
import HTTPClient
import NIOCore
import OTLP
import OTLPGRPC
import SwiftProtobuf
import Testing

@testable import Components

/// The receiver over real sockets.
@Suite(.timeLimit(.minutes(1))) struct OTLPReceiverTests {
    let context = TestContext()

    /// Runs a receiver around `body`, which is given its URL without a path.
    func run(
        _ next: TestConsumer,
        configure: (inout OTLPReceiverConfiguration) -> Void = { _ in },
        body: (OTLPReceiver, HTTPClient, String) async throws -> Void
    ) async throws {
        var configuration = OTLPReceiverConfiguration()
        configuration.http?.server.endpoint = Endpoint(host: "127.0.0.1", port: 0)
        configure(&configuration)
        let receiver = try OTLPReceiver(configuration, context: context.component("otlp"), next: next)
        let client = try HTTPClient()
        try await withRunning(receiver) {
            let endpoint = await context.log("Starting HTTP server").metadata["endpoint"] ?? ""
            try await body(receiver, client, "http://\(endpoint)")
        }
    }

    func post(
        _ client: HTTPClient,
        _ url: String,
        _ body: [UInt8],
        method: String = "POST",
        type: String? = "application/x-protobuf",
        encoding: String? = nil
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(method: method, url: url, body: body)
        if let type { request.headers.append(("Content-Type", type)) }
        if let encoding { request.headers.append(("Content-Encoding", encoding)) }
        return try await client.execute(request)
    }

    func text(_ response: HTTPClientResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    func status(_ response: HTTPClientResponse) throws -> Google_Rpc_Status {
        #expect(response.header("Content-Type") == "application/x-protobuf")
        return try Google_Rpc_Status(serializedBytes: response.body)
    }

    @Test(arguments: ["/v1/traces", "/api/traces"])
    func aGoodRequestIsPassedOnByteForByteAndAnsweredWithAnEmptyResponse(path: String) async throws {
        let next = TestConsumer()
        let bytes = Samples.bytes(spans: 3)
        try await run(next) { receiver, client, url in
            let response = try await post(client, url + path, bytes)
            #expect(response.status == 200)
            #expect(response.header("Content-Type") == "application/x-protobuf")
            #expect(response.body == [])
            #expect(next.batches.elements.map { Array($0.body.readableBytesView) } == [bytes])
            #expect(next.batches.elements.map(\.spanCount) == [3])
            #expect(receiver.counters.acceptedSpans == 3)
        }
        #expect(context.reports.elements == [.ok, .stopping, .stopped])
    }

    @Test(arguments: ["application/x-protobuf; charset=utf-8", "Application/X-Protobuf"])
    func parametersAndCaseOfTheContentTypeCountForNothing(type: String) async throws {
        let bytes = Samples.bytes()
        try await run(TestConsumer()) { _, client, url in
            try await #expect(post(client, url + "/v1/traces", bytes, type: type).status == 200)
        }
    }

    @Test func whileThePipelineRefusesEverythingLongBodiesAreNotRead() async throws {
        let error = ConsumeError(.unavailable, "busy", retryAfter: .seconds(3))
        let next = TestConsumer(overload: error) { _, completion in completion(.refused(error)) }
        try await run(next) { receiver, client, url in
            let unread = try await post(client, url + "/v1/traces", [UInt8](repeating: 0, count: 100_000))
            #expect(unread.status == 503)
            #expect(unread.header("Retry-After") == "3")
            #expect(try status(unread).message == "busy")
            #expect(next.batches.elements.isEmpty)
            #expect(receiver.counters.unreadRequests == [.memory: 0, .overload: 1])
            // What is in short ones is counted.
            try await #expect(post(client, url + "/v1/traces", Samples.bytes(spans: 3)).status == 503)
            #expect(receiver.counters.refusedSpans == 3)
            #expect(receiver.counters.refusedRequests == 2)
            #expect(receiver.counters.unreadRequests == [.memory: 0, .overload: 1])
        }
    }

    @Test func compressedBodiesAreInflated() async throws {
        let next = TestConsumer()
        let bytes = Samples.bytes(spans: 50)
        let zipped = try gzip(bytes)
        // Stored without compression: RFC 1950 with one RFC 1951 block, made by hand.
        let stored: [UInt8] = [0x78, 0x01, 0x01, 0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x01]
        try await run(next) { _, client, url in
            try await #expect(post(client, url + "/v1/traces", zipped, encoding: "gzip").status == 200)
            #expect(next.batches.elements.map { Array($0.body.readableBytesView) } == [bytes])
            try await #expect(post(client, url + "/v1/traces", stored, encoding: "deflate").status == 200)
            try await #expect(post(client, url + "/v1/traces", bytes, encoding: "identity").status == 200)
            #expect(next.batches.elements.count == 2, "the empty request is not passed on")
        }
    }

    @Test func requestsWithoutSpansSucceedWithoutThePipeline() async throws {
        let next = TestConsumer()
        let noSpans = Samples.bytes(spans: 0)
        try await run(next) { _, client, url in
            try await #expect(post(client, url + "/v1/traces", []).status == 200)
            try await #expect(post(client, url + "/v1/traces", noSpans).status == 200)
            #expect(next.batches.elements.isEmpty)
        }
    }

    @Test func whatIsNotOTLPOverHTTPIsAnsweredAsTheCollectorDoes() async throws {
        let bytes = Samples.bytes()
        let next = TestConsumer()
        try await run(next) { receiver, client, url in
            try await #expect(post(client, url + "/v1/metrics", bytes).status == 404)

            let method = try await post(client, url + "/v1/traces", [], method: "GET")
            #expect(method.status == 405)
            try #expect(status(method).message == "405 method not allowed, supported: [POST]")

            for type in ["text/html", nil] {
                let media = try await post(client, url + "/v1/traces", bytes, type: type)
                #expect(media.status == 415)
                #expect(media.header("Content-Type") == "application/json")
                let message = "415 unsupported media type, supported: [application/json, application/x-protobuf]"
                try #expect(Google_Rpc_Status(jsonUTF8Bytes: media.body).message == message)
            }

            let encoding = try await post(client, url + "/v1/traces", bytes, encoding: "br")
            #expect(encoding.status == 400)
            try #expect(status(encoding).message == "unsupported Content-Encoding: br")

            for (body, encoding) in [([0xFF] as [UInt8], nil), (bytes, "gzip"), ([0x1F, 0x8B], "gzip")] {
                let malformed = try await post(client, url + "/v1/traces", body, encoding: encoding)
                #expect(malformed.status == 400)
                try #expect(status(malformed).code == 3)
            }
            #expect(receiver.counters.failedRequests == 8)
        }
        #expect(next.batches.elements.isEmpty)
    }

    @Test func bodiesBeyondTheLimitAreAnsweredWith413AsSentAndInflated() async throws {
        let zipped = try gzip([UInt8](repeating: 0, count: 10_000))
        try await run(TestConsumer(), configure: { $0.http?.server.maxRequestBodySize = 1000 }) { _, client, url in
            let long = try await post(client, url + "/v1/traces", [UInt8](repeating: 0, count: 1001))
            #expect(long.status == 413)
            try #expect(status(long).code == 3)
            #expect(zipped.count < 1000)
            let inflated = try await post(client, url + "/v1/traces", zipped, encoding: "gzip")
            #expect(inflated.status == 413)
            try #expect(status(inflated).message.contains("1000 bytes"))
        }
    }

    @Test(
        arguments: [
            (ConsumeError(.unavailable, "sending queue is full", retryAfter: .milliseconds(1200)), 503, 14, "2"),
            (ConsumeError(.unavailable, "away"), 503, 14, nil),
            (ConsumeError(.permanent, "never"), 500, 13, nil),
            (ConsumeError(.malformed, "odd"), 400, 3, nil),
        ] as [(ConsumeError, Int, Int32, String?)]
    )
    func refusalsCarryAStatus(error: ConsumeError, code: Int, rpc: Int32, retryAfter: String?) async throws {
        let bytes = Samples.bytes()
        try await run(TestConsumer(refusing: error)) { _, client, url in
            let response = try await post(client, url + "/v1/traces", bytes)
            #expect(response.status == code)
            #expect(response.header("Retry-After") == retryAfter)
            try #expect(status(response).code == rpc)
            try #expect(status(response).message == error.message)
        }
    }

    @Test func aConsumerThatChecksGetsTheBodyUnscanned() async throws {
        let next = TestConsumer(checksWellFormedness: true) { _, completion in completion(.accepted(spanCount: 5)) }
        try await run(next) { receiver, client, url in
            try await #expect(post(client, url + "/v1/traces", [0xFF]).status == 200)
            #expect(next.batches.elements.map(\.spanCount) == [0])
            #expect(receiver.counters.acceptedSpans == 5)
        }
    }

    @Test func withoutKeepAliveEveryConnectionIsClosed() async throws {
        let bytes = Samples.bytes()
        try await run(TestConsumer(), configure: { $0.http?.server.keepAlivesEnabled = false }) { _, client, url in
            let response = try await post(client, url + "/v1/traces", bytes)
            #expect(response.header("Connection")?.lowercased() == "close")
        }
    }

    @Test func aPortInUseIsAnErrorThatSaysSo() async throws {
        try await TestBackend.run { _, url in
            var configuration = OTLPReceiverConfiguration()
            let port = try #require(url.split(separator: ":").last.flatMap { Int($0) })
            configuration.http?.server.endpoint = Endpoint(host: "127.0.0.1", port: port)
            let receiver = try OTLPReceiver(configuration, context: context.component("otlp"), next: TestConsumer())
            let error = await #expect(throws: ConfigError.self) { try await receiver.run() }
            #expect(error?.path == "receivers::otlp::protocols::http::endpoint")
            #expect(error?.message.contains("127.0.0.1:\(port): bind: address already in use") == true)
        }
    }

    @Test func shutdownAnswersTheRequestsUnderWay() async throws {
        let held = Recorder<TestConsumer.Completion>()
        let next = TestConsumer { _, completion in held.append(completion) }
        let answers = Recorder<Int?>()
        let context = context
        try await run(next) { _, client, url in
            let request = HTTPClientRequest(
                method: "POST",
                url: url + "/v1/traces",
                headers: [("Content-Type", "application/x-protobuf")],
                body: Samples.bytes()
            )
            client.execute(request) { answers.append(try? $0.get().status) }
            let completion = await held.first(1)[0]
            Task {
                _ = await context.reports.first { $0 == .stopping }
                completion(.accepted(spanCount: 1))
                // The client is to live until it has its answer.
                _ = await answers.first(1)
                withExtendedLifetime(client) {}
            }
        }
        #expect(await answers.first(1) == [200])
    }
}
