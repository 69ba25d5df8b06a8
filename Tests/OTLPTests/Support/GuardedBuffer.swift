import Glibc
import Testing

/// Memory whose end lies at a page that cannot be read: a scanner that reads one byte too many crashes the test.
final class GuardedBuffer {
    private let memory: UnsafeMutableRawPointer
    private let capacity: Int
    private let pageSize: Int

    init(capacity: Int) throws {
        pageSize = Int(getpagesize())
        self.capacity = (capacity + pageSize - 1) / pageSize * pageSize
        let length = self.capacity + pageSize
        let mapping = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        memory = try #require(mapping != MAP_FAILED ? mapping : nil)
        try #require(mprotect(memory + self.capacity, pageSize, PROT_NONE) == 0)
    }

    deinit {
        munmap(memory, capacity + pageSize)
    }

    /// Calls `body` with a copy of `bytes` that ends right before the guard.
    func withCopy<Result>(of bytes: [UInt8], _ body: (RawSpan) -> Result) -> Result {
        precondition(bytes.count <= capacity)
        let start = memory + (capacity - bytes.count)
        bytes.withUnsafeBytes {
            start.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(memory), byteCount: $0.count)
        }
        return body(UnsafeRawBufferPointer(start: start, count: bytes.count).bytes)
    }
}
