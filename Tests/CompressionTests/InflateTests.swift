import Compression
import TestSupport
import Testing

@Suite struct InflateTests {
    private static let text = Array("hello, hello, hello\n".utf8)
    // Written by Python's gzip and zlib.
    private static let gzipped = bytes("1f8b0800000000000203cb48cdc9c9d751c840a2b800e7426e5214000000")
    private static let zlibbed = bytes("789ccb48cdc9c9d751c840a2b8004b0706df")
    private static let deflated = bytes("cb48cdc9c9d751c840a2b800")

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    @Test(
        "reads what other implementations wrote",
        arguments: [
            (CompressionFormat.gzip, gzipped), (.zlib, zlibbed), (.deflate, deflated), (.httpDeflate, zlibbed),
            (.httpDeflate, deflated),
        ]
    )
    func readsOthers(format: CompressionFormat, data: [UInt8]) throws {
        #expect(try inflate(data, format: format, limit: 100) == Self.text)
    }

    @Test func concatenatesGzipMembers() throws {
        let data = Self.gzipped + Self.gzipped + Self.gzipped
        #expect(try inflate(data, format: .gzip, limit: 60) == Self.text + Self.text + Self.text)
    }

    @Test("the limit counts over all members")
    func limitCountsOverMembers() {
        #expect(throws: CompressionError.tooLarge(limit: 59)) {
            try inflate(Self.gzipped + Self.gzipped + Self.gzipped, format: .gzip, limit: 59)
        }
    }

    @Test("every truncation is an error", arguments: [CompressionFormat.gzip, .zlib, .deflate, .httpDeflate])
    func rejectsTruncations(format: CompressionFormat) {
        let data =
            switch format {
            case .gzip: Self.gzipped
            case .zlib: Self.zlibbed
            case .deflate, .httpDeflate: Self.deflated
            }
        for count in 0..<data.count {
            #expect(throws: CompressionError.truncated, "\(count) bytes") {
                try inflate(Array(data.prefix(count)), format: format, limit: 100)
            }
        }
    }

    @Test func rejectsTruncatedSecondMember() {
        #expect(throws: CompressionError.truncated) {
            try inflate(Self.gzipped + Self.gzipped.dropLast(), format: .gzip, limit: 100)
        }
    }

    @Test("bytes behind the data are an error", arguments: [CompressionFormat.gzip, .zlib, .deflate, .httpDeflate])
    func rejectsTrailingGarbage(format: CompressionFormat) {
        let data =
            switch format {
            case .gzip: Self.gzipped
            case .zlib: Self.zlibbed
            case .deflate, .httpDeflate: Self.deflated
            }
        for garbage: [UInt8] in [[0], [0x1F], Array("garbage".utf8), Array(repeating: 0, count: 64)] {
            #expect(throws: CompressionError.self) {
                try inflate(data + garbage, format: format, limit: 100)
            }
        }
    }

    @Test func rejectsWrongChecksumAndWrongFormat() {
        var damaged = Self.gzipped
        damaged[damaged.count - 8] ^= 1
        #expect(throws: CompressionError.corrupt("incorrect data check")) {
            try inflate(damaged, format: .gzip, limit: 100)
        }
        #expect(throws: CompressionError.corrupt("incorrect header check")) {
            try inflate(Self.zlibbed, format: .gzip, limit: 100)
        }
        #expect(throws: CompressionError.corrupt("incorrect header check")) {
            try inflate(Self.gzipped, format: .zlib, limit: 100)
        }
    }

    @Test("the limit is exact, below and above the size of a piece", arguments: [1, 20, 65535, 65536, 65537, 300_000])
    func limitIsExact(count: Int) throws {
        let original = [UInt8](repeating: 7, count: count)
        let data = try gzip(original)
        #expect(try inflate(data, format: .gzip, limit: count) == original)
        #expect(throws: CompressionError.tooLarge(limit: count - 1)) {
            try inflate(data, format: .gzip, limit: count - 1)
        }
    }

    @Test("with limit 0 only empty data passes")
    func limitZero() throws {
        #expect(try inflate(gzip([]), format: .gzip, limit: 0) == [])
        #expect(throws: CompressionError.tooLarge(limit: 0)) { try inflate(Self.gzipped, format: .gzip, limit: 0) }
    }

    @Test("a bomb is given up at the limit")
    func stopsBombs() throws {
        let bomb = try gzip([UInt8](repeating: 0, count: 20_000_000), level: 9)
        var bytes = 0
        var largest = 0
        let error = bomb.withUnsafeBytes { source in
            #expect(throws: CompressionError.self) {
                try inflate(source, format: .gzip, limit: 1_000_000) { chunk in
                    bytes += chunk.count
                    largest = max(largest, chunk.count)
                }
            }
        }
        #expect(error == .tooLarge(limit: 1_000_000))
        #expect(bytes <= 1_000_000)
        #expect(largest <= 65536)
    }

    @Test("damaged data is an error or inflates within the limit", arguments: [CompressionFormat.gzip, .httpDeflate])
    func survivesDamage(format: CompressionFormat) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<2000 {
            var data = format == .gzip ? Self.gzipped : (round % 2 == 0 ? Self.zlibbed : Self.deflated)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                data[Int.random(in: 0..<data.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            let result = Result { () throws(CompressionError) in try inflate(data, format: format, limit: 50) }
            if case .success(let output) = result { #expect(output.count <= 50, "seed \(seed)") }
        }
    }
}
