import OTLP
import SwiftProtobuf
import TestSupport
import Testing

/// The scanner and swift-protobuf on the same bytes, at the edge of readable memory.
@Suite("Span scanner against swift-protobuf")
struct SpanScannerFuzzTests {
    private static let capacity = 1 << 17

    @Test("Every recorded export is accepted, with the spans that swift-protobuf decodes")
    func recordings() throws {
        var differential = try Differential(capacity: Self.capacity)
        let exports = try Recordings.exports()
        #expect(exports.count > 40)
        for export in exports {
            let difference = differential.difference(export.body)
            #expect(difference == nil, "\(export.name)")
        }
        #expect(differential.rejected == 0)
        let references = try exports.flatMap { try scanned($0.body).get() }.filter {
            $0.taskRun != nil && $0.namespace != nil
        }
        #expect(references.count > 300)
    }

    @Test("A recorded export cut off at any byte")
    func truncations() throws {
        var differential = try Differential(capacity: Self.capacity)
        let body = try #require(try Recordings.exports().map(\.body).min { $0.count < $1.count })
        for length in 0..<body.count {
            if let difference = differential.difference(Array(body.prefix(length))) {
                Issue.record("cut off at \(length): \(difference)")
            }
        }
        // Nothing but the empty body and whole ResourceSpans are well-formed.
        #expect(differential.rejected > body.count - 10)
    }

    @Test("Random messages, as swift-protobuf encodes them")
    func randomMessages() throws {
        var differential = try Differential(capacity: Self.capacity)
        try fuzz("random messages", iterations: 400) { generator, seed in
            var random = RandomRequest(generator: generator)
            let bytes: [UInt8] = try random.make().serializedBytes()
            report(differential.difference(bytes), bytes, seed)
        }
        #expect(differential.rejected == 0)
    }

    @Test("Bodies that break protobuf's rules deep inside")
    func randomWire() throws {
        var differential = try Differential(capacity: Self.capacity)
        let iterations = fuzz("random wire", iterations: 15_000) { generator, seed in
            var random = RandomWire(generator: generator)
            let bytes = random.make()
            report(differential.difference(bytes), bytes, seed)
        }
        #expect(iterations < 100 || differential.accepted > 0 && differential.rejected > 0)
    }

    @Test("Recorded exports with a few bytes changed")
    func mutations() throws {
        var differential = try Differential(capacity: Self.capacity)
        let bodies = try Recordings.exports().map(\.body).filter { $0.count < 4000 }
        try #require(!bodies.isEmpty)
        let iterations = fuzz("mutations", iterations: 2000) { generator, seed in
            let bytes = mutated(bodies, &generator)
            report(differential.difference(bytes), bytes, seed)
        }
        #expect(iterations < 100 || differential.accepted > 0 && differential.rejected > 0)
    }

    @Test("Random bytes")
    func randomBytes() throws {
        var differential = try Differential(capacity: Self.capacity)
        let iterations = fuzz("random bytes", iterations: 6000) { generator, seed in
            let bytes = generator.bytes(Int.random(in: 0...60, using: &generator))
            report(differential.difference(bytes), bytes, seed)
        }
        #expect(iterations < 100 || differential.rejected > 0)
    }

    private func report(_ difference: String?, _ bytes: [UInt8], _ seed: UInt64) {
        guard let difference else { return }
        Issue.record("STEPTRACE_FUZZ_SEED=\(seed): \(difference)\nbytes: \(bytes)")
    }

    private func mutated(_ bodies: [[UInt8]], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bodies[Int.random(in: 0..<bodies.count, using: &generator)]
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: 0..<max(bytes.count, 1), using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0, 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: bytes[place] = [0x00, 0x7F, 0x80, 0xFF, 0x0B, 0x0C].randomElement(using: &generator) ?? 0
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4: bytes.removeSubrange(place..<max(place, min(end, bytes.count - 1)))
            default:
                let other = bodies[Int.random(in: 0..<bodies.count, using: &generator)]
                bytes.insert(
                    contentsOf: other.prefix(generator.oneIn(2) ? other.count : end),
                    at: generator.oneIn(2) ? 0 : place
                )
            }
        }
        return bytes
    }
}
