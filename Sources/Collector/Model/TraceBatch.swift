public import NIOCore

/// The bytes of one or more ExportTraceServiceRequests on their way through a pipeline.
///
/// Protobuf concatenation is merging, so several requests in a row are one valid request, and spans are added
/// by appending.
public struct TraceBatch: Sendable {
    /// The encoded request; its readable bytes count.
    public var body: ByteBuffer
    /// The number of spans in `body`. Whoever scans the body first sets it (see ``TraceConsumer/checksWellFormedness``).
    public var spanCount: Int
    /// What the request brought along beside its body, where a receiver has `include_metadata`; else nil.
    public var metadata: BatchMetadata?

    public init(body: ByteBuffer, spanCount: Int = 0, metadata: BatchMetadata? = nil) {
        self.body = body
        self.spanCount = spanCount
        self.metadata = metadata
    }

    public var byteCount: Int { body.readableBytes }
}
