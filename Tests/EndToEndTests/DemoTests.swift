import FoundationEssentials
import Glibc
import HTTPClient
import OTLP
import Replay
import SwiftProtobuf
import Testing

@testable import steptrace

@Suite("The demo")
struct DemoTests {
    @Test("it draws the recorded runs and ends with exit code 0")
    func run() async throws {
        let demo = try await Steptrace.start("demo", "--speed", "20", "--width", "120", environment: ["LANG": "C"])
        #expect(await demo.waitForExit(timeout: .seconds(60)) == .code(0), "\(demo.output.text)")
        #expect(demo.output.contains("tekton-steps              | | `-step work"))
        #expect(demo.output.contains("exit code 3"))
        #expect(demo.output.contains("All 1186 spans of Tekton's came out once and unchanged"))
        #expect(demo.output.text.utf8.allSatisfy { $0 < 0x80 })
    }

    @Test("a backend of the user's gets the traces too; when it does not, that is a failure")
    func userBackend() async throws {
        let backend = RecordingBackend()
        try await backend.start()
        let arguments = ["demo", "--recording", "step-fails", "--speed", "50", "--backend", backend.url]
        let demo = try await GatewayProcess.start(Steptrace.path, arguments: arguments)
        #expect(await demo.waitForExit(timeout: .seconds(60)) == .code(0), "\(demo.output.text)")
        #expect(backend.contents.spans.count == 259)
        #expect(backend.contents.injected.count == 7)
        await backend.stop()
        let alone = try await GatewayProcess.start(Steptrace.path, arguments: arguments)
        #expect(await alone.waitForExit(timeout: .seconds(60)) == .code(1), "\(alone.output.text)")
        #expect(alone.output.contains("Not everything reached"))
    }

    @Test("a signal ends it, and the gateway that it has started", arguments: [SIGTERM, SIGINT])
    func signal(signal: Int32) async throws {
        let demo = try await Steptrace.start("demo", "--speed", "0.1")
        #expect(await demo.waitUntil { $0.contains("Replaying ") }, "\(demo.output.text)")
        let line = try #require(demo.output.lines.first { $0.text.hasPrefix("Replaying ") })
        let port = try #require(line.text.split(separator: ":").last?.prefix { $0.isNumber })
        var options = HTTPClientConfiguration()
        options.proxy = ""
        let client = try HTTPClient(configuration: options)
        let request = HTTPClientRequest(method: "GET", url: "http://127.0.0.1:\(port)/v1/traces")
        #expect(try await client.execute(request).status == 405)
        demo.send(signal: signal)
        #expect(await demo.waitForExit() == .code(128 + signal), "\(demo.output.text)")
        await #expect(throws: HTTPClientError.self) { try await client.execute(request) }
    }

    @Test("it lists its recordings, and refuses unknown ones and nonsense")
    func arguments() async throws {
        let list = try await Steptrace.start("demo", "--list")
        #expect(await list.waitForExit() == .code(0))
        #expect(list.output.lines.map { $0.text.prefix { $0 != ":" } } == ["pipelinerun", "step-fails"])
        for arguments in [["--recording", "x"], ["--speed", "0"], ["--backend", "localhost"]] {
            let demo = try await GatewayProcess.start(Steptrace.path, arguments: ["demo"] + arguments)
            #expect(await demo.waitForExit() == .code(64))
        }
    }
}

@Suite("The demo's verdict")
struct DemoVerdictTests {
    private static func span(_ name: String, injected: Bool) throws -> RawSpan {
        var scope = Opentelemetry_Proto_Trace_V1_ScopeSpans()
        scope.scope.name = injected ? "steptrace" : "TaskRunReconciler"
        var span = Opentelemetry_Proto_Trace_V1_Span()
        span.name = name
        scope.spans = [span]
        var request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest()
        request.resourceSpans = [.with { $0.scopeSpans = [scope] }]
        let spans = try RawSpan.spans(of: try request.serializedBytes())
        return try #require(spans.first)
    }

    @Test("good is only what came out complete, once, unchanged and as expected")
    func verdicts() throws {
        let own = try Self.span("TaskRun:Reconciler", injected: false)
        let changed = try Self.span("TaskRun:Reconciled", injected: false)
        let step = try Self.span("step build", injected: true)
        let other = try Self.span("step other", injected: true)
        func verdict(_ received: RawSpan...) -> DemoVerdict {
            DemoVerdict(sent: [own], expected: [step], received: received)
        }
        #expect(verdict(step, own).isGood)
        #expect(verdict(own).missing == [step])
        #expect(verdict(step).lost == [own])
        #expect(verdict(own, own, step).surplus == [own])
        #expect(verdict(own, step, step).surplus == [step])
        #expect(verdict(own, step, other).surplus == [other])
        let bad = verdict(changed, step)
        #expect(bad.lost == [own] && bad.surplus == [changed] && !bad.isGood)
        #expect(bad.text.contains("1 spans of Tekton's did not come out unchanged:\n  TaskRun:Reconciler\n"))
    }

    @Test("the expected spans of the embedded recordings are in the traces of the runs, each once")
    func expectedSpans() throws {
        let recordings = try EmbeddedRecording.allCases.map { try $0.load() }
        let spans = try ExpectedSpans(recordings).spans
        #expect(spans.count == 25)
        #expect(Set(spans.map(\.message.spanID)).count == 25)
        #expect(spans.allSatisfy { $0.isInjected })
        let sent = try recordings.flatMap(\.exports).flatMap { try RawSpan.spans(of: $0.body) }
        #expect(Set(spans.map(\.message.traceID)).isSubset(of: Set(sent.map(\.message.traceID))))
    }
}
