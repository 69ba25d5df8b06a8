internal import GRPCCore
internal import OTLP
internal import SwiftProtobuf

/// The google.rpc.Status in `grpc-status-details-bin`, of which only a google.rpc.RetryInfo is of interest.
enum StatusDetails {
    static let key = "grpc-status-details-bin"
    private static let retryInfoType = "type.googleapis.com/google.rpc.RetryInfo"
    /// RetryInfo has one field: `google.protobuf.Duration retry_delay = 1`, so its tag is this byte.
    private static let retryDelayTag: UInt8 = 0x0A

    static func encode(code: Int, message: String, retryAfter: Duration) -> [UInt8] {
        let (seconds, attoseconds) = retryAfter.components
        var delay = Google_Protobuf_Duration()
        delay.seconds = seconds
        delay.nanos = Int32(attoseconds / 1_000_000_000)
        // Encoding fails for invalid UTF-8 and required fields only; there are neither.
        let bytes: [UInt8] = (try? delay.serializedBytes()) ?? []
        var info = Google_Protobuf_Any()
        info.typeURL = retryInfoType
        // A Duration has at most 17 bytes, so one byte holds its length.
        info.value.append(contentsOf: [retryDelayTag, UInt8(truncatingIfNeeded: bytes.count)] + bytes)
        var status = Google_Rpc_Status()
        status.code = Int32(truncatingIfNeeded: code)
        status.message = message
        status.details = [info]
        return (try? status.serializedBytes()) ?? []
    }

    /// What is longer is cut, as for HTTP's Retry-After: it would keep a request out of the peer's sight for as long as a
    /// mistake says.
    private static let longestDelay = Duration.seconds(3600)

    /// The delay that a peer asks for, an hour at the most; nil when it does not, or not in a way that can be understood.
    static func retryAfter(_ metadata: Metadata) -> Duration? {
        for bytes in metadata[binaryValues: key] {
            guard let status = try? Google_Rpc_Status(serializedBytes: bytes) else { continue }
            for detail in status.details where detail.typeURL == retryInfoType {
                let value = [UInt8](detail.value)
                // An empty RetryInfo is one without a delay.
                guard value.first == retryDelayTag, value.count >= 2, Int(value[1]) == value.count - 2,
                    let delay = try? Google_Protobuf_Duration(serializedBytes: Array(value.dropFirst(2))),
                    delay.seconds >= 0, delay.nanos >= 0
                else { return .zero }
                return min(.seconds(delay.seconds) + .nanoseconds(Int64(delay.nanos)), longestDelay)
            }
        }
        return nil
    }
}
