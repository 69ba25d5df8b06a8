import Collector
import NIOCore
import Testing

@testable import Components

@Suite struct DebugExporterTests {
    let context = TestContext()

    func log(_ verbosity: DebugExporterConfiguration.Verbosity) throws -> [TestContext.LogEntry] {
        var configuration = DebugExporterConfiguration()
        configuration.verbosity = verbosity
        let exporter = DebugExporter(configuration, context: context.component("debug"))
        exporter.consume(Samples.batch("reconcile", spans: 2)) { result in
            guard case .accepted(spanCount: 2) = result else {
                Issue.record("\(result)")
                return
            }
        }
        return context.logs.elements
    }

    @Test(arguments: [DebugExporterConfiguration.Verbosity.normal, .detailed])
    func aLineBreakInANameBeginsNoLine(verbosity: DebugExporterConfiguration.Verbosity) throws {
        var configuration = DebugExporterConfiguration()
        configuration.verbosity = verbosity
        let exporter = DebugExporter(configuration, context: context.component("debug"))
        exporter.consume(Samples.batch("a\n2026-01-01\tinfo\tforged\u{1B}[2J")) { _ in }
        let text = try #require(context.logs.elements.last?.message)
        #expect(text.contains("a\\n2026-01-01\\tinfo\\tforged\\u{1B}[2J"))
        #expect(!text.split(separator: "\n").contains { $0.hasPrefix("2026") })
    }

    @Test func basicIsALineForEachBatch() throws {
        let entries = try log(.basic)
        #expect(entries.map(\.message) == ["Traces"])
        #expect(entries.first?.metadata == ["resource spans": "1", "spans": "2"])
    }

    @Test func normalIsALineForEachSpan() throws {
        let lines = try log(.normal).last?.message.split(separator: "\n").map(String.init)
        let span = "reconcile 0102030405060708090a0b0c0d0e0f10 0102030405060708 taskrun=hello"
        #expect(
            lines == ["ResourceTraces #0 service.name=taskrun-reconciler", "ScopeTraces #0 tekton", span, span]
        )
    }

    @Test func detailedIsEverything() throws {
        let text = try log(.detailed).last?.message ?? ""
        for line in [
            "     -> service.name: Str(taskrun-reconciler)",
            "InstrumentationScope tekton ",
            "    Trace ID       : 0102030405060708090a0b0c0d0e0f10",
            "    Kind           : Internal",
            "    Start time     : 2023-11-14T22:13:20.123456789Z",
            "    End time       : 2023-11-14T22:13:21.000000000Z",
            "    Status code    : Unset",
            "     -> taskrun: Str(hello)",
        ] {
            #expect(text.split(separator: "\n").contains { $0 == line }, "\(line)")
        }
    }

    @Test func aMalformedBodyIsRefused() {
        let exporter = DebugExporter(DebugExporterConfiguration(), context: context.component("debug"))
        exporter.consume(TraceBatch(body: ByteBuffer(bytes: [0xFF]))) { result in
            guard case .refused(let error) = result else {
                Issue.record("\(result)")
                return
            }
            #expect(error.kind == .malformed)
        }
    }
}
