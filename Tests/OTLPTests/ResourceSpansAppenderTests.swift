import OTLP
import SwiftProtobuf
import TestSupport
import Testing

@Suite("ResourceSpans appender")
struct ResourceSpansAppenderTests {
    private typealias Request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest

    @Test("What is appended is decoded behind what was there, whose bytes stay")
    func appending() throws {
        try fuzz("appending", iterations: 40) { generator, seed in
            var random = RandomRequest(generator: generator)
            let request = random.make()
            let addition = random.resourceSpans()
            let before: [UInt8] = try request.serializedBytes()
            var body = before
            try ResourceSpansAppender.append(addition, to: &body)
            #expect(body.starts(with: before), "STEPTRACE_FUZZ_SEED=\(seed)")
            var expected = request
            expected.resourceSpans.append(addition)
            #expect(try Request(serializedBytes: body) == expected, "STEPTRACE_FUZZ_SEED=\(seed)")
            #expect(try scanned(body).get() == reference(expected), "STEPTRACE_FUZZ_SEED=\(seed)")
        }
    }

    @Test("The frame fits at each size of its length", arguments: [0, 1, 127, 128, 16_383, 16_384, 2_097_152])
    func frames(_ size: Int) throws {
        let payload = [UInt8](repeating: 0x41, count: size)
        var framed: [UInt8] = []
        ResourceSpansAppender.append(encoded: payload, to: &framed)
        #expect(framed == wire { $0.field(1, bytes: payload) })
    }

    @Test("The same message gives the same bytes")
    func deterministic() throws {
        var random = RandomRequest(generator: SeededGenerator(seed: 1))
        let message = random.resourceSpans()
        var first: [UInt8] = []
        try ResourceSpansAppender.append(message, to: &first)
        var copy = Opentelemetry_Proto_Trace_V1_ResourceSpans()
        try copy.merge(serializedBytes: try message.serializedBytes() as [UInt8])
        var second: [UInt8] = []
        try ResourceSpansAppender.append(copy, to: &second)
        #expect(first == second)
    }
}
