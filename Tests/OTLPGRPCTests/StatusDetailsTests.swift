import GRPCCore
import OTLP
import SwiftProtobuf
import Testing

@testable import OTLPGRPC

@Suite struct StatusDetailsTests {
    private func retryAfter(_ delay: Duration) -> Duration? {
        var metadata = Metadata()
        metadata.addBinary(
            StatusDetails.encode(code: 14, message: "m", retryAfter: delay),
            forKey: StatusDetails.key
        )
        return StatusDetails.retryAfter(metadata)
    }

    @Test func aDelayIsReadAndCutAtAnHour() {
        #expect(retryAfter(.milliseconds(1500)) == .milliseconds(1500))
        #expect(retryAfter(.seconds(3600)) == .seconds(3600))
        #expect(retryAfter(.seconds(Int64.max)) == .seconds(3600))
    }
}
