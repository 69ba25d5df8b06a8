internal import GRPCCore
internal import NIOCore

/// Messages as the bytes they are: what a request holds is for the pipeline to look at.
struct RawSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: ByteBuffer) -> Bytes {
        Bytes(message.readableBytesView)
    }
}

struct RawDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) -> ByteBuffer {
        serializedMessageBytes.withUnsafeBytes { ByteBuffer(bytes: $0) }
    }
}

extension MethodDescriptor {
    /// As in opentelemetry/proto/collector/trace/v1/trace_service.proto.
    static var traceExport: MethodDescriptor {
        MethodDescriptor(
            fullyQualifiedService: "opentelemetry.proto.collector.trace.v1.TraceService",
            method: "Export",
            type: .unary
        )
    }
}
