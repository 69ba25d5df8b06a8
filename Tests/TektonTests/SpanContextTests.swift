import OTLP
import Testing

@testable import Tekton

@Suite("Span contexts")
struct SpanContextTests {
    @Test func readsWhatTektonWrites() {
        let context = SpanContext(
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            traceState: "a=b"
        )
        #expect(context?.traceID == TraceID(high: 0x0af7_6519_16cd_43dd, low: 0x8448_eb21_1c80_319c))
        #expect(context?.spanID == SpanID(0xb7ad_6b71_6920_3331))
        #expect(context?.isSampled == true)
        #expect(context?.traceState == "a=b")
    }

    @Test func onlyTheSampledBitDecides() {
        let base = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"
        #expect(SpanContext(traceparent: base + "00")?.isSampled == false)
        #expect(SpanContext(traceparent: base + "02")?.isSampled == false)
        #expect(SpanContext(traceparent: base + "03")?.isSampled == true)
    }

    @Test func aLaterVersionMayHaveMoreParts() {
        #expect(SpanContext(traceparent: "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more") != nil)
    }

    @Test(arguments: [
        "", "zz", "not-a-traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    ])
    func rejectsWhatIsNoTraceContext(traceparent: String) {
        #expect(SpanContext(traceparent: traceparent) == nil)
    }
}
