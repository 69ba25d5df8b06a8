import BenchmarkSupport
import CBenchmarkZlib

/// Gzip bodies kept as they came: they are counted after the measurement, not during it.
struct CompressedBodies {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    mutating func append(_ body: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: body)
        ends.append(bytes.count)
    }

    mutating func removeAll() {
        bytes.removeAll()
        ends.removeAll()
    }

    /// Inflates all bodies and hands each to `body`.
    func inflateEach(_ body: (UnsafeRawBufferPointer) -> Void) throws(BenchmarkError) {
        var output: [UInt8] = []
        var start = 0
        for end in ends {
            let count = try inflate(start..<end, into: &output)
            output.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            start = end
        }
    }

    private func inflate(_ range: Range<Int>, into output: inout [UInt8]) throws(BenchmarkError) -> Int {
        var stream = z_stream()
        guard benchmark_inflate_init(&stream) == Z_OK else { throw BenchmarkError("inflateInit2 failed") }
        defer { inflateEnd(&stream) }
        var count = 0
        while true {
            if output.count - count < 64 << 10 {
                output.append(contentsOf: repeatElement(0, count: max(output.count, 1 << 20)))
            }
            let status = bytes.withUnsafeBytes { input in
                output.withUnsafeMutableBytes { output in
                    let consumed = Int(stream.total_in)
                    stream.next_in = UnsafeMutablePointer(
                        mutating: input.baseAddress.map { $0 + range.lowerBound + consumed }?
                            .assumingMemoryBound(to: Bytef.self)
                    )
                    stream.avail_in = uInt(range.count - consumed)
                    stream.next_out = output.baseAddress.map { $0 + count }?.assumingMemoryBound(to: Bytef.self)
                    stream.avail_out = uInt(output.count - count)
                    return CBenchmarkZlib.inflate(&stream, Z_NO_FLUSH)
                }
            }
            count = Int(stream.total_out)
            if status == Z_STREAM_END { return count }
            guard status == Z_OK else { throw BenchmarkError("a gzip body cannot be inflated (\(status))") }
        }
    }
}
