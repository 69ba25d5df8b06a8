import OTLP
import Testing

@Suite("Trace and span ids")
struct IdentifierTests {
    @Test("Hex in either case, and back in lowercase")
    func hex() {
        let trace = TraceID(hex: "0AF7651916cd43dd8448eb211c80319c")
        #expect(trace?.hex == "0af7651916cd43dd8448eb211c80319c")
        #expect(trace?.bytes.count == 16)
        #expect(trace?.bytes.first == 0x0A)
        let span = SpanID(hex: "B7AD6B7169203331")
        #expect(span?.hex == "b7ad6b7169203331")
        #expect(span?.bytes.last == 0x31)
    }

    @Test(
        "Anything but the right number of hex digits is none",
        arguments: ["", "0", "xyzt6b7169203331", "b7ad6b71692033311"]
    )
    func notHex(_ text: String) {
        #expect(SpanID(hex: text) == nil)
        #expect(TraceID(hex: text + text) == nil)
    }

    @Test("Zero is no id")
    func zero() {
        #expect(TraceID(hex: String(repeating: "0", count: 32))?.isValid == false)
        #expect(SpanID(0).isValid == false)
    }
}
