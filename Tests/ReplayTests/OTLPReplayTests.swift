import Compression
import FoundationEssentials
import HTTPClient
import NIOHTTP1
import OTLP
import SwiftProtobuf
import Testing

@testable import Replay

@Suite("The bytes of spans")
struct RawSpanTests {
    @Test("every span of the recordings is found, and is what swift-protobuf reads", arguments: ["pipelinerun", "oom"])
    func recordings(name: String) throws {
        for export in try Fixtures.recording(name).exports {
            let spans = try RawSpan.spans(of: export.body)
            let request = try Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(
                serializedBytes: export.body
            )
            #expect(spans.map(\.message) == request.resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans))
            #expect(spans.allSatisfy { $0.scopeName.hasSuffix("Reconciler") && !$0.isInjected })
        }
    }

    @Test("truncated messages are malformed")
    func truncated() throws {
        let body = try Fixtures.recording("short").exports[0].body
        #expect(throws: MalformedProtobuf.self) { try RawSpan.spans(of: Array(body.dropLast())) }
        #expect(throws: MalformedProtobuf.self) { try RawSpan.spans(of: [0x0A]) }
        #expect(throws: MalformedProtobuf.self) { try RawSpan.spans(of: [0x0B]) }
        #expect(throws: MalformedProtobuf.self) { try RawSpan.spans(of: Array(repeating: 0xFF, count: 11)) }
        #expect(try RawSpan.spans(of: []).isEmpty)
    }
}

@Suite("The recording backend and the sender")
struct RecordingBackendTests {
    private let client: HTTPClient

    init() throws {
        var configuration = HTTPClientConfiguration()
        configuration.proxy = ""
        client = try HTTPClient(configuration: configuration)
    }

    private func withBackend(_ body: (RecordingBackend, ReplaySender) async throws -> Void) async throws {
        let backend = RecordingBackend()
        try await backend.start()
        var sender = ReplaySender(to: backend.url, client: client)
        sender.retryInterval = .milliseconds(1)
        do {
            try await body(backend, sender)
        } catch {
            await backend.stop()
            throw error
        }
        await backend.stop()
    }

    @Test("what the sender posts arrives byte for byte, with the recorded headers")
    func everything() async throws {
        let recording = try Fixtures.recording("pipelinerun")
        try await withBackend { backend, sender in
            let outcomes = try await sender.sendAll(recording)
            #expect(outcomes.allSatisfy { $0.isDelivered && $0.attempts == 1 })
            #expect(await backend.waitUntil { $0.requests.count == 8 })
            let contents = backend.contents
            #expect(Set(contents.requests.map(\.body)) == Set(recording.exports.map(\.body)))
            #expect(
                contents.requests.allSatisfy { $0.headers.first(name: "User-Agent") == "OTel OTLP Exporter Go/1.44.0" }
            )
            #expect(contents.requests.allSatisfy { $0.headers["Host"] == [String(backend.url.dropFirst(7))] })
            #expect(contents.spans.count == 934)
            #expect(contents.injected.isEmpty)
            #expect(contents.resourceSpans.count == 8)
        }
    }

    @Test("exports are posted in the order of their times when played by a clock")
    func playing() async throws {
        let recording = try Fixtures.recording("short")
        try await withBackend { backend, sender in
            let outcomes = try await sender.play(recording, ReplayClock(speed: 20))
            #expect(outcomes.allSatisfy { $0.isDelivered })
            #expect(backend.contents.requests.map(\.body) == recording.exports.map(\.body))
        }
    }

    @Test("the sender tries again where Tekton's exporter would, with the same body", arguments: [429, 502, 503, 504])
    func retries(status: Int) async throws {
        let export = try Fixtures.recording("short").exports[0]
        try await withBackend { backend, sender in
            backend.behave(.reject(status: status, times: 2))
            let outcome = try await sender.send(export)
            #expect(outcome == ReplaySender.Outcome(status: 200, error: nil, attempts: 3))
            #expect(backend.contents.rejectedCount == 2)
            #expect(backend.contents.requests.map(\.body) == [export.body])
        }
    }

    @Test("it does not try again after other answers, a refused connection, or when it would take too long")
    func givingUp() async throws {
        let export = try Fixtures.recording("short").exports[0]
        try await withBackend { backend, sender in
            backend.behave(.reject(status: 400))
            #expect(try await sender.send(export) == ReplaySender.Outcome(status: 400, error: nil, attempts: 1))
            backend.behave(.reject(status: 503, retryAfter: "31"))
            #expect(try await sender.send(export) == ReplaySender.Outcome(status: 503, error: nil, attempts: 1))
            await backend.stop()
            let refused = try await sender.send(export)
            #expect(refused.error?.kind == .connect)
            #expect(refused.attempts == 1)
            try await backend.start()
            backend.behave(.accept)
            #expect(try await sender.send(export).isDelivered)
        }
    }

    @Test("gzip is taken as well; other encodings are not")
    func compression() async throws {
        let export = try Fixtures.recording("short").exports[0]
        try await withBackend { backend, _ in
            var request = HTTPClientRequest(
                method: "POST",
                url: backend.url + "/v1/traces",
                headers: [("Content-Encoding", "gzip")],
                body: try gzip(export.body)
            )
            #expect(try await client.execute(request).status == 200)
            #expect(backend.contents.requests[0].body == export.body)
            request.headers = [("Content-Encoding", "br")]
            #expect(try await client.execute(request).status == 400)
        }
    }

    @Test("it can leave requests without an answer")
    func hanging() async throws {
        let export = try Fixtures.recording("short").exports[0]
        try await withBackend { backend, sender in
            backend.behave(.hang)
            let sending = Task { try await sender.send(export) }
            #expect(await backend.waitUntil { $0.rejectedCount == 1 })
            sending.cancel()
            let outcome = try await sending.value
            #expect(outcome.error?.kind == .cancelled)
        }
    }

    @Test("what is no export is answered with 400 and told")
    func malformed() async throws {
        try await withBackend { backend, _ in
            let response = try await client.execute(
                HTTPClientRequest(method: "POST", url: backend.url + "/v1/traces", body: [1, 2, 3])
            )
            #expect(response.status == 400)
            #expect(backend.contents.malformed.count == 1)
            #expect(try await client.execute(HTTPClientRequest(method: "POST", url: backend.url + "/x")).status == 404)
            #expect(
                try await client.execute(HTTPClientRequest(method: "GET", url: backend.url + "/v1/traces")).status
                    == 405
            )
        }
    }
}

@Suite("Waiting for a condition")
struct ObservedTests {
    @Test("a waiter wakes when its condition comes true, at once when it holds already")
    func waking() async {
        let observed = Observed(0)
        #expect(await observed.wait(timeout: .seconds(10)) { $0 == 0 })
        async let woken = observed.wait(timeout: .seconds(10)) { $0 == 2 }
        observed.update { $0 = 1 }
        observed.update { $0 = 2 }
        #expect(await woken)
    }

    @Test("it gives up after its timeout, and when its task is cancelled")
    func givingUp() async {
        let observed = Observed(0)
        #expect(await observed.wait(timeout: .milliseconds(1)) { $0 == 1 } == false)
        #expect(await observed.wait(timeout: .zero) { $0 == 1 } == false)
        let task = Task { await observed.wait(timeout: .seconds(60)) { $0 == 1 } }
        task.cancel()
        #expect(await task.value == false)
    }
}
