/// Counts the spans of an ExportTraceServiceRequest by walking over its lengths.
struct SpanCounter {
    private(set) var spans = 0
    /// Spans under a resource with the service name of steptrace's own.
    private(set) var added = 0
    /// Bodies that are no such request.
    private(set) var malformed = 0

    private static let ownService = Array("tekton-steps".utf8)

    mutating func count(_ body: UnsafeRawBufferPointer) {
        if !count(in: body) { malformed += 1 }
    }

    private mutating func count(in body: UnsafeRawBufferPointer) -> Bool {
        Self.walk(body) { field, resourceSpans in
            guard field == 1 else { return true }
            var isOwn = false
            return Self.walk(resourceSpans) { field, message in
                if field == 1 { isOwn = Self.contains(message, Self.ownService) }
                guard field == 2 else { return true }
                return Self.walk(message) { field, _ in
                    guard field == 2 else { return true }
                    if isOwn { added += 1 } else { spans += 1 }
                    return true
                }
            }
        }
    }

    /// Calls `body` for each field of a message; false as soon as it does so, or at malformed bytes. Messages above
    /// spans have only length-delimited fields.
    private static func walk(
        _ message: UnsafeRawBufferPointer,
        _ body: (_ field: Int, UnsafeRawBufferPointer) -> Bool
    ) -> Bool {
        var offset = 0
        while offset < message.count {
            guard let tag = varint(message, &offset), tag & 7 == 2, let length = varint(message, &offset),
                length <= message.count - offset
            else { return false }
            let field = UnsafeRawBufferPointer(rebasing: message[offset..<(offset + length)])
            guard body(tag >> 3, field) else { return false }
            offset += length
        }
        return true
    }

    private static func varint(_ message: UnsafeRawBufferPointer, _ offset: inout Int) -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            guard offset < message.count else { return nil }
            let byte = message[offset]
            offset += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    private static func contains(_ bytes: UnsafeRawBufferPointer, _ pattern: [UInt8]) -> Bool {
        guard bytes.count >= pattern.count else { return false }
        return (0...(bytes.count - pattern.count)).contains { bytes[$0...].starts(with: pattern) }
    }
}
