import Glibc

/// The head of an HTTP/1.1 message: as much as a benchmark needs of it, read without allocating.
public struct MessageHead {
    /// Bytes of the head, with the empty line that ends it.
    public private(set) var count = 0
    public private(set) var contentLength = 0
    public private(set) var isGzip = false
    public private(set) var expectsContinue = false

    /// nil while the end of the head has not come in.
    public init?(_ bytes: UnsafeRawBufferPointer) throws(BenchmarkError) {
        guard let base = bytes.baseAddress else { return nil }
        var line = base
        while let lineFeed = memchr(line, 0x0A, base + bytes.count - line) {
            let next = UnsafeRawPointer(lineFeed) + 1
            if next - line == 2 {
                count = next - base
                return
            }
            try read(line.assumingMemoryBound(to: CChar.self), next - line)
            line = next
        }
        return nil
    }

    private mutating func read(_ line: UnsafePointer<CChar>, _ length: Int) throws(BenchmarkError) {
        func value(of name: StaticString) -> UnsafePointer<CChar>? {
            guard length > name.utf8CodeUnitCount else { return nil }
            return name.withUTF8Buffer { name in
                let isEqual = name.withMemoryRebound(to: CChar.self) {
                    $0.baseAddress.map { strncasecmp(line, $0, name.count) == 0 }
                }
                return isEqual == true ? line + name.count : nil
            }
        }
        if let length = value(of: "Content-Length:") {
            contentLength = strtol(length, nil, 10)
            guard contentLength >= 0 else { throw BenchmarkError("negative Content-Length") }
        } else if value(of: "Content-Encoding: gzip") != nil {
            isGzip = true
        } else if value(of: "Expect: 100-continue") != nil {
            expectsContinue = true
        } else if value(of: "Transfer-Encoding:") != nil {
            throw BenchmarkError("Transfer-Encoding is not supported here")
        }
    }
}
