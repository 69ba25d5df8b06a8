/// Reads an encoded ExportTraceServiceRequest without decoding it: checks that it is well-formed and tells of each
/// span what correlation needs.
///
/// Accepted is what swift-protobuf decodes, and nothing else, with two exceptions that are rejected here:
///  - ids of spans and links that are neither empty nor 16 (trace id) or 8 bytes (span ids) long, as the
///    OpenTelemetry Collector rejects them;
///  - bodies of 2 GiB and more.
///
/// Several requests in a row are one (protobuf concatenation is merging). Nothing is allocated, and no byte outside
/// of the body is read.
public struct SpanScanner: Sendable {
    /// How deep messages and groups may nest, the request itself included: swift-protobuf's default.
    public static let nestingLimit = 100

    private let taskRunKeys: AttributeKeys
    private let namespaceKeys: AttributeKeys

    /// - Parameters:
    ///   - taskRunKeys: the attributes that may hold the TaskRun's name, preferred first.
    ///   - namespaceKeys: the attributes that may hold its namespace, preferred first. Those of the span win over
    ///     those of its resource.
    ///
    /// Only values that are non-empty strings count. Where a key occurs more than once, its first value counts.
    public init(taskRunKeys: [String], namespaceKeys: [String]) {
        self.taskRunKeys = AttributeKeys(taskRunKeys)
        self.namespaceKeys = AttributeKeys(namespaceKeys)
    }

    /// Scans a whole body, calling `body` for each span in their order.
    ///
    /// The error may come after spans were told of already; forget them then.
    ///
    /// - Returns: the number of spans.
    public func scan(_ bytes: RawSpan, _ body: (ScannedSpan) -> Void) throws(OTLPDecodingError) -> Int {
        try bytes.withUnsafeBytes { (buffer) throws(OTLPDecodingError) -> Int in
            guard buffer.count < 0x7FFF_FFFF else { throw OTLPDecodingError(.tooLarge, at: 0) }
            var count = 0
            guard var request = WireReader(buffer, depthLimit: Self.nestingLimit) else { return count }
            while let tag = try request.nextTag() {
                switch tag {
                case 0x0A: try scanResourceSpans(request.message(), &count, body)
                default: try request.skip(tag)
                }
            }
            return count
        }
    }

    // Cases are tags as they stand on the wire: field number times eight plus wire type.

    private func scanResourceSpans(
        _ message: WireReader,
        _ count: inout Int,
        _ body: (ScannedSpan) -> Void
    ) throws(OTLPDecodingError) {
        // The resource may stand behind the spans it is for: look for it first.
        var namespace = FoundAttribute()
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A: try scanResource(reader.message(), &namespace)
            default: try reader.skip(tag)
            }
        }
        reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x12: try scanScopeSpans(reader.message(), namespace.value, &count, body)
            case 0x1A: _ = try reader.string(.schemaURL)
            default: try reader.skip(tag)
            }
        }
    }

    private func scanResource(
        _ message: WireReader,
        _ namespace: inout FoundAttribute
    ) throws(OTLPDecodingError) {
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A:
                let attribute = try CommonScanner.scanKeyValue(reader.message())
                namespaceKeys.consider(attribute, in: reader, for: &namespace)
            case 0x1A: try CommonScanner.checkEntityRef(reader.message())
            default: try reader.skip(tag)
            }
        }
    }

    private func scanScopeSpans(
        _ message: WireReader,
        _ resourceNamespace: Range<Int>?,
        _ count: inout Int,
        _ body: (ScannedSpan) -> Void
    ) throws(OTLPDecodingError) {
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A: try CommonScanner.checkScope(reader.message())
            case 0x12:
                count += 1
                do {
                    body(try scanSpan(reader.message(), resourceNamespace))
                } catch {
                    var error = error
                    error.span = count
                    throw error
                }
            case 0x1A: _ = try reader.string(.schemaURL)
            default: try reader.skip(tag)
            }
        }
    }

    @inline(__always)
    private func scanSpan(
        _ message: WireReader,
        _ resourceNamespace: Range<Int>?
    ) throws(OTLPDecodingError) -> ScannedSpan {
        var traceID = TraceID(high: 0, low: 0)
        var spanID = SpanID(0)
        var parentSpanID = SpanID(0)
        var name = 0..<0
        var taskRun = FoundAttribute()
        var namespace = FoundAttribute()
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A: traceID = try reader.traceID()
            case 0x12: spanID = try reader.spanID(.spanID)
            case 0x1A: _ = try reader.string(.traceState)
            case 0x22: parentSpanID = try reader.spanID(.parentSpanID)
            case 0x2A: name = try reader.string(.name)
            case 0x4A:
                let attribute = try CommonScanner.scanKeyValue(reader.message())
                taskRunKeys.consider(attribute, in: reader, for: &taskRun)
                namespaceKeys.consider(attribute, in: reader, for: &namespace)
            case 0x5A: try checkEvent(reader.message())
            case 0x6A: try checkLink(reader.message())
            case 0x7A: try checkStatus(reader.message())
            default: try reader.skip(tag)
            }
        }
        return ScannedSpan(
            traceID: traceID,
            spanID: spanID,
            parentSpanID: parentSpanID,
            name: name,
            taskRun: taskRun.value,
            namespace: namespace.value ?? resourceNamespace
        )
    }

    private func checkEvent(_ message: WireReader) throws(OTLPDecodingError) {
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x12: _ = try reader.string(.name)
            case 0x1A: _ = try CommonScanner.scanKeyValue(reader.message())
            default: try reader.skip(tag)
            }
        }
    }

    private func checkLink(_ message: WireReader) throws(OTLPDecodingError) {
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A: _ = try reader.traceID()
            case 0x12: _ = try reader.spanID(.spanID)
            case 0x1A: _ = try reader.string(.traceState)
            case 0x22: _ = try CommonScanner.scanKeyValue(reader.message())
            default: try reader.skip(tag)
            }
        }
    }

    private func checkStatus(_ message: WireReader) throws(OTLPDecodingError) {
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x12: _ = try reader.string(.message)
            default: try reader.skip(tag)
            }
        }
    }
}
