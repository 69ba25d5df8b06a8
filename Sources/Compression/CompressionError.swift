/// Why bytes could not be compressed or decompressed.
public enum CompressionError: Error, Equatable, CustomStringConvertible {
    /// The data is not in the format, or its checksum is wrong; the reason is zlib's.
    case corrupt(String)
    /// The data ends before its format does.
    case truncated
    /// Inflated, it has more than so many bytes.
    case tooLarge(limit: Int)
    /// Not one of zlib's levels, -1 (its default) to 9.
    case invalidLevel(Int)
    /// zlib could not set aside its memory.
    case outOfMemory

    public var description: String {
        switch self {
        case .corrupt(let reason): "corrupt compressed data: \(reason)"
        case .truncated: "compressed data ends too early"
        case .tooLarge(let limit): "decompressed data has more than \(limit) bytes"
        case .invalidLevel(let level): "invalid compression level \(level); give -1 to 9"
        case .outOfMemory: "out of memory for compression"
        }
    }
}
