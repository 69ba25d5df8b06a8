import Compression
import TestSupport
import Testing

@Suite struct GzipCompressorTests {
    @Test("what is compressed comes out again, at every level", arguments: -1...9)
    func roundTrips(level: Int) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for size in [0, 1, 100, 70_000, 200_000] {
            let original = generator.repetitiveBytes(atMost: size)
            let data = try gzip(original, level: level)
            #expect(try inflate(data, format: .gzip, limit: original.count) == original, "seed \(seed)")
        }
    }

    @Test("used again, a compressor gives the same as a new one")
    func isReusable() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let compressor = try GzipCompressor(level: 6)
        for _ in 0..<50 {
            let original = generator.repetitiveBytes(atMost: 10_000)
            let data = original.withUnsafeBytes { compressor.compress($0) }
            #expect(try data == gzip(original, level: 6), "seed \(seed)")
        }
    }

    @Test("data that cannot be compressed fits into the announced room")
    func boundHolds() throws {
        var generator = SystemRandomNumberGenerator()
        let compressor = try GzipCompressor(level: 1)
        for count in [0, 1, 10, 1000, 100_000] {
            let original = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            var room = [UInt8](repeating: 0, count: compressor.maxCompressedCount(of: count))
            let written = original.withUnsafeBytes { source in
                room.withUnsafeMutableBytes { compressor.compress(source, into: $0) }
            }
            #expect(try inflate(Array(room.prefix(written)), format: .gzip, limit: count) == original)
        }
    }

    @Test func rejectsUnknownLevels() {
        #expect(throws: CompressionError.invalidLevel(10)) { try gzip([1], level: 10) }
        #expect(throws: CompressionError.invalidLevel(-2)) { try gzip([1], level: -2) }
    }

    @Test func repetitiveDataGetsSmaller() throws {
        #expect(try gzip([UInt8](repeating: 1, count: 100_000)).count < 1000)
    }
}
