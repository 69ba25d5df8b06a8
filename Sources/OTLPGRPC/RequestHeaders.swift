internal import GRPCCore

/// The headers (gRPC: metadata) that a request came in with.
public struct RequestHeaders: Sendable {
    let metadata: Metadata

    /// The first value of a header in any case; nil when there is none.
    public subscript(name: String) -> String? {
        var values = metadata[stringValues: name].makeIterator()
        return values.next()
    }

    /// All headers, binary ones in base64.
    public var all: [(name: String, value: String)] {
        metadata.map { ($0.key, $0.value.encoded()) }
    }
}
