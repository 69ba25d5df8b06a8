/// Why a JSON text, or a value in it, cannot be used.
public enum JSONReadError: Error, Equatable, CustomStringConvertible {
    /// The text is no JSON from that byte on, so nothing in it can be relied on.
    case malformed(offset: Int)
    /// The value that begins at that byte is not what is expected there. The rest of the text may be used.
    case unexpected(offset: Int, reason: String)

    public var description: String {
        switch self {
        case .malformed(let offset): "not valid JSON at byte \(offset)"
        case .unexpected(let offset, let reason): "\(reason), at byte \(offset)"
        }
    }
}
