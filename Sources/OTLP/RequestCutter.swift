/// Cuts an encoded ExportTraceServiceRequest between its spans, without decoding these.
///
/// Every part is a request of its own: a span keeps its resource and scope, which are repeated where a cut goes through
/// them. All spans come once and in their order; fields that are unknown stay with the message they were in.
public enum RequestCutter {
    /// How large a part may be. A span that is larger by itself makes a part of its own.
    public enum Limit: Sendable {
        case spans(Int)
        case bytes(Int)
    }

    public struct Part: Sendable, Equatable {
        public let bytes: [UInt8]
        public let spanCount: Int
    }

    /// What the parts may have together beyond twice the request: their heads are repeated, and one that is large, with many
    /// tiny spans below it, would become as many large parts.
    static let allowance = 1 << 20

    /// - Returns: the parts; none when they would be too much together.
    public static func cut(_ bytes: RawSpan, _ limit: Limit) throws(OTLPDecodingError) -> [Part] {
        try bytes.withUnsafeBytes { (buffer) throws(OTLPDecodingError) -> [Part] in
            guard let reader = WireReader(buffer, depthLimit: SpanScanner.nestingLimit) else { return [] }
            let request = try MessageFields(reader, children: 0x0A)
            var parts = Parts(buffer, limit)
            parts.keep(request.rest)
            for resource in request.children {
                let resource = try MessageFields(resource.message, children: 0x12)
                parts.begin(resource: resource.rest)
                for scope in resource.children {
                    let scope = try MessageFields(scope.message, children: 0x12)
                    parts.begin(scope: scope.rest)
                    for span in scope.children {
                        parts.add(span: span.field)
                        if parts.byteCount > 2 * buffer.count + allowance { return [] }
                    }
                    parts.endScope()
                }
                parts.endResource()
            }
            return parts.finish()
        }
    }
}

/// The fields of a message: those of one tag, and the others.
private struct MessageFields {
    var rest: [Range<Int>] = []
    /// The range of the whole field, tag included, and a reader of its message.
    var children: [(field: Range<Int>, message: WireReader)] = []

    init(_ reader: WireReader, children tag: UInt32) throws(OTLPDecodingError) {
        var reader = reader
        while true {
            let start = reader.offset
            guard let next = try reader.nextTag() else { return }
            if next == tag {
                let message = try reader.message()
                children.append((start..<reader.offset, message))
            } else {
                try reader.skip(next)
                rest.append(start..<reader.offset)
            }
        }
    }
}

/// Puts parts together. Of the resource and the scope that are open it has the fields in front, so as to repeat them.
private struct Parts {
    private let buffer: UnsafeRawBufferPointer
    private let limit: RequestCutter.Limit
    private var parts: [RequestCutter.Part] = []
    /// Of `parts`.
    private(set) var byteCount = 0
    /// Of the part that is being put together: ended resources, the open resource, its open scope.
    private var request: [UInt8] = []
    private var resource: [UInt8] = []
    private var scope: [UInt8] = []
    private var spanCount = 0
    /// Whether there are spans in the open resource, and in its open scope, in this part.
    private var hasSpans = (resource: false, scope: false)
    private var resourceHead: [Range<Int>] = []
    private var scopeHead: [Range<Int>] = []
    /// Three tags, and three lengths of at most five bytes.
    private static let overhead = 18

    init(_ buffer: UnsafeRawBufferPointer, _ limit: RequestCutter.Limit) {
        self.buffer = buffer
        self.limit = limit
    }

    /// Fields of the request itself.
    mutating func keep(_ fields: [Range<Int>]) { append(fields, to: &request) }

    mutating func begin(resource fields: [Range<Int>]) {
        resourceHead = fields
        hasSpans.resource = false
        append(fields, to: &resource)
    }

    mutating func begin(scope fields: [Range<Int>]) {
        scopeHead = fields
        hasSpans.scope = false
        append(fields, to: &scope)
    }

    mutating func add(span field: Range<Int>) {
        if spanCount > 0, isFull(with: field.count) { cut() }
        append([field], to: &scope)
        hasSpans = (true, true)
        spanCount += 1
    }

    mutating func endScope() {
        ResourceSpansAppender.append(tag: 0x12, scope, to: &resource)
        scope.removeAll(keepingCapacity: true)
    }

    mutating func endResource() {
        ResourceSpansAppender.append(encoded: resource, to: &request)
        resource.removeAll(keepingCapacity: true)
    }

    mutating func finish() -> [RequestCutter.Part] {
        endPart()
        return parts
    }

    /// Ends the part behind its last span: what has been begun since then belongs to the next.
    private mutating func cut() {
        if hasSpans.scope { endScope() }
        let scopeWithoutSpans = exchange(&scope, with: [])
        let resourceWithoutSpans = hasSpans.resource ? [] : exchange(&resource, with: [])
        if hasSpans.resource { endResource() }
        endPart()
        if hasSpans.resource { append(resourceHead, to: &resource) } else { resource = resourceWithoutSpans }
        if hasSpans.scope { append(scopeHead, to: &scope) } else { scope = scopeWithoutSpans }
        hasSpans = (false, false)
    }

    private mutating func endPart() {
        parts.append(RequestCutter.Part(bytes: request, spanCount: spanCount))
        byteCount += request.count
        request.removeAll(keepingCapacity: true)
        spanCount = 0
    }

    private func isFull(with bytes: Int) -> Bool {
        switch limit {
        case .spans(let maximum): spanCount >= maximum
        case .bytes(let maximum): request.count + resource.count + scope.count + bytes + Self.overhead > maximum
        }
    }

    private func append(_ fields: [Range<Int>], to bytes: inout [UInt8]) {
        // Ranges are the reader's, which never goes beyond the buffer.
        for field in fields { bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[field])) }
    }
}
