/// The wrappings of deflated data.
public enum CompressionFormat: Sendable, Hashable {
    /// RFC 1952, with one member or more.
    case gzip
    /// RFC 1950.
    case zlib
    /// RFC 1951, without any wrapping.
    case deflate
    /// HTTP's `deflate`: RFC 1950 by the standard (RFC 9110, 8.4.1.2), but some senders leave the wrapping out.
    case httpDeflate

    /// What zlib is to expect: the largest window, with its marks for gzip and for no wrapping.
    func windowBits(of source: UnsafeRawBufferPointer) -> CInt {
        switch self {
        case .gzip: 15 + 16
        case .zlib: 15
        case .deflate: -15
        case .httpDeflate: Self.hasZlibHeader(source) ? 15 : -15
        }
    }

    /// What zlib is to write.
    var writtenWindowBits: CInt {
        switch self {
        case .gzip: 15 + 16
        case .zlib, .httpDeflate: 15
        case .deflate: -15
        }
    }

    /// No deflated data of any encoder looks like this: it would be a stored block with bits set that are padding.
    private static func hasZlibHeader(_ source: UnsafeRawBufferPointer) -> Bool {
        guard source.count >= 2 else { return false }
        let isDeflate = source[0] & 0x0F == 8 && source[0] >> 4 <= 7
        return isDeflate && (Int(source[0]) << 8 | Int(source[1])) % 31 == 0
    }
}
