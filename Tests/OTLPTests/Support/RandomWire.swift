import TestSupport

/// Bodies that follow OTLP's schema most of the time and break protobuf's rules some of the time, with lengths that
/// fit, so that what is wrong lies deep inside.
struct RandomWire {
    /// What a field number of a message may hold.
    private enum Content {
        case message([Int: Content])
        case value
        case array
        case list
        case string
        case id(Int)
        case varint
        case fixed64
        case fixed32
    }

    private static let keyValue: [Int: Content] = [1: .string, 2: .value, 3: .varint]
    private static let anyValue: [Int: Content] = [
        1: .string, 2: .varint, 3: .varint, 4: .fixed64, 5: .array, 6: .list, 7: .string, 8: .varint,
    ]
    private static let span: [Int: Content] = [
        1: .id(16), 2: .id(8), 3: .string, 4: .id(8), 5: .string, 6: .varint, 7: .fixed64, 8: .fixed64,
        9: .message(keyValue), 10: .varint,
        11: .message([1: .fixed64, 2: .string, 3: .message(keyValue), 4: .varint]), 12: .varint,
        13: .message([1: .id(16), 2: .id(8), 3: .string, 4: .message(keyValue), 5: .varint, 6: .fixed32]),
        14: .varint, 15: .message([2: .string, 3: .varint]), 16: .fixed32,
    ]
    private static let request: [Int: Content] = [
        1: .message([
            1: .message([
                1: .message(keyValue), 2: .varint,
                3: .message([1: .string, 2: .string, 3: .string, 4: .string]),
            ]),
            2: .message([
                1: .message([1: .string, 2: .string, 3: .message(keyValue), 4: .varint]), 2: .message(span),
                3: .string,
            ]),
            3: .string,
        ])
    ]

    var generator: SeededGenerator

    mutating func make() -> [UInt8] {
        message(Self.request, depth: 0)
    }

    private mutating func message(_ fields: [Int: Content], depth: Int) -> [UInt8] {
        var writer = WireWriter()
        // Sorted: the order of a dictionary differs from run to run.
        let numbers = fields.keys.sorted()
        for _ in 0..<Int.random(in: 0...(depth > 6 ? 1 : 4), using: &generator) {
            if generator.oneIn(40) {
                anomaly(&writer)
                continue
            }
            let number = numbers[Int.random(in: 0..<numbers.count, using: &generator)]
            guard let content = fields[number] else { continue }
            field(number, content, depth: depth, &writer)
        }
        return writer.bytes
    }

    private mutating func field(_ number: Int, _ content: Content, depth: Int, _ writer: inout WireWriter) {
        switch content {
        case .message(let fields): bytes(number, message(fields, depth: depth + 1), &writer)
        case .value: bytes(number, message(Self.anyValue, depth: depth + 1), &writer)
        case .array: bytes(number, message([1: .value], depth: depth + 1), &writer)
        case .list: bytes(number, message([1: .message(Self.keyValue)], depth: depth + 1), &writer)
        case .string: bytes(number, text(), &writer)
        case .id(let length): bytes(number, generator.bytes(generator.oneIn(60) ? length - 1 : length), &writer)
        case .varint:
            tag(number, 0, &writer)
            varint(generator.next() >> UInt64.random(in: 0..<64, using: &generator), &writer)
        case .fixed64:
            tag(number, 1, &writer)
            writer.bytes += generator.bytes(8)
        case .fixed32:
            tag(number, 5, &writer)
            writer.bytes += generator.bytes(4)
        }
    }

    private mutating func bytes(_ number: Int, _ value: [UInt8], _ writer: inout WireWriter) {
        tag(number, 2, &writer)
        varint(UInt64(value.count), &writer)
        writer.bytes += value
    }

    private mutating func tag(_ number: Int, _ wireType: Int, _ writer: inout WireWriter) {
        varint(UInt64(number) << 3 | UInt64(wireType), &writer)
    }

    private mutating func varint(_ value: UInt64, _ writer: inout WireWriter) {
        if generator.oneIn(100) {
            writer.overlongVarint(value, length: Int.random(in: 10...11, using: &generator))
        } else if generator.oneIn(50), value < 1 << 28 {
            writer.overlongVarint(value, length: Int.random(in: 4...6, using: &generator))
        } else {
            writer.varint(value)
        }
    }

    private mutating func text() -> [UInt8] {
        let looked = ["taskrun", "namespace", "tekton.task_run.name", "k8s.namespace.name"]
        switch Int.random(in: 0..<40, using: &generator) {
        case 0: return generator.bytes(Int.random(in: 1...12, using: &generator))
        // A surrogate, an overlong slash, a scalar beyond Unicode, a sequence that is cut off.
        case 1: return [0xED, 0xA0, 0x80]
        case 2: return [0x61, 0xC0, 0xAF]
        case 3: return [0xF4, 0x90, 0x80, 0x80]
        case 4: return Array("abcdefgh".utf8) + [0xE4, 0xB8]
        case 5...8: return Array("\u{E9}\u{4E2D}\u{1F680} abcdef".utf8)
        case 9...15: return []
        default: return Array(looked[Int.random(in: 0..<looked.count, using: &generator)].utf8)
        }
    }

    /// Something that is an unknown field or none at all.
    private mutating func anomaly(_ writer: inout WireWriter) {
        let number = Int.random(in: 0...20, using: &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: writer.field(number, varint: generator.next())
        case 1: writer.field(number, bytes: generator.bytes(9))
        case 2, 3: group(max(number, 1), depth: 0, &writer)
        case 4: writer.tag(max(number, 1), 4)
        case 5: writer.tag(number, Int.random(in: 5...7, using: &generator))
        case 6:
            writer.tag(1 << Int.random(in: 0..<31, using: &generator), 5)
            writer.bytes += generator.bytes(4)
        default: writer.bytes += generator.bytes(2)
        }
    }

    private mutating func group(_ number: Int, depth: Int, _ writer: inout WireWriter) {
        writer.tag(number, 3)
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0...2: writer.field(3, varint: generator.next())
            case 3, 4: writer.field(4, bytes: generator.bytes(5))
            case 5 where depth < 4: group(number + 1, depth: depth + 1, &writer)
            case 6:
                // swift-protobuf reads tags inside of groups as varints of any length.
                writer.overlongVarint(5 << 3, length: Int.random(in: 5...10, using: &generator))
                writer.varint(1)
            default: writer.field(1, varint: 1)
            }
        }
        if !generator.oneIn(10) { writer.tag(generator.oneIn(10) ? number + 1 : number, 4) }
    }
}
