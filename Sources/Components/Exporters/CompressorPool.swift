import Compression
import Synchronization

/// Compressors for any thread: as many as are in use at the same time, kept for the next.
final class CompressorPool: Sendable {
    /// Sendable because a compressor is either in the pool or with the one thread that took it out.
    private struct Idle: @unchecked Sendable {
        let compressor: GzipCompressor
    }

    private let format: CompressionFormat
    private let level: Int
    private let idle = Mutex<[Idle]>([])

    init(_ format: CompressionFormat, level: Int) {
        self.format = format
        self.level = level
    }

    func compress(_ bytes: [UInt8]) throws(CompressionError) -> [UInt8] {
        let taken = idle.withLock { $0.popLast() }
        let compressor = if let taken { taken } else { Idle(compressor: try GzipCompressor(format, level: level)) }
        let compressed = bytes.withUnsafeBytes { compressor.compressor.compress($0) }
        idle.withLock { $0.append(compressor) }
        return compressed
    }
}
