import OTLP
import SwiftProtobuf
import Testing

/// Compares the scanner with swift-protobuf on the same bytes.
struct Differential {
    private let buffer: GuardedBuffer
    private(set) var accepted = 0
    private(set) var rejected = 0

    init(capacity: Int) throws {
        buffer = try GuardedBuffer(capacity: capacity)
    }

    /// Both accept `bytes` and agree on every span, or both reject them; only a wrong id length may be rejected by
    /// the scanner alone. Says what differs, or nil.
    mutating func difference(_ bytes: [UInt8]) -> String? {
        let decoded = try? Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(serializedBytes: bytes)
        switch (buffer.withCopy(of: bytes, scanned), decoded) {
        case (.success(let spans), let decoded?):
            accepted += 1
            return spans == reference(decoded) ? nil : "scanned \(spans)\ndecoded \(reference(decoded))"
        case (.success, nil):
            return "accepted what swift-protobuf rejects"
        case (.failure(let error), nil):
            rejected += 1
            return (0...bytes.count).contains(error.offset) ? nil : "an offset outside of the body: \(error)"
        case (.failure(let error), _?):
            rejected += 1
            if case .wrongIDLength = error.reason { return nil }
            return "rejected what swift-protobuf accepts: \(error)"
        }
    }
}
