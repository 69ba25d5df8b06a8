/// Cuts a stream of chunks into lines. Chunks may end anywhere, also within a character.
struct LineSplitter {
    struct LineTooLong: Error {
        let limit: Int
    }

    /// Above this, a buffer is given back once it is empty: large objects are rare.
    private static let keptCapacity = 256 << 10

    private let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0
    /// Up to here there is no line end after `start`.
    private var searched = 0

    /// - Parameter limit: bytes in a line, without its end.
    init(limit: Int) {
        self.limit = limit
    }

    mutating func append(_ chunk: [UInt8]) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
        } else {
            buffer.removeFirst(start)
        }
        searched -= start
        start = 0
        buffer += chunk
    }

    /// The next complete line without its end; nil when more is needed.
    mutating func next() throws(LineTooLong) -> ArraySlice<UInt8>? {
        let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n"))
        guard (end ?? buffer.count) - start <= limit else { throw LineTooLong(limit: limit) }
        guard let end else {
            searched = buffer.count
            return nil
        }
        defer {
            start = end + 1
            searched = start
        }
        return buffer[start..<end]
    }
}
