import Kubernetes

/// Writes what `PackReader` reads: numbers in as few bytes as they need, times as the distance from the one before.
struct PackWriter {
    private(set) var bytes: [UInt8] = []
    /// Those that many objects have, each once.
    private(set) var strings: [String] = []
    private var lastTime: Int64 = 0

    mutating func write(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    mutating func write(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Small ones of either sign are short.
    mutating func write(_ number: Int64) { write(UInt64(bitPattern: number << 1 ^ number >> 63)) }

    mutating func write(_ count: Int) { write(Int64(count)) }

    mutating func write(_ count: Int?) {
        write(count != nil)
        if let count { write(count) }
    }

    mutating func write(_ time: KubernetesTime?) {
        guard let time = time?.unixNanoseconds else {
            bytes.append(TimeKind.none.rawValue)
            return
        }
        let distance = time &- lastTime
        lastTime = time
        if distance % 1_000_000_000 == 0 {
            bytes.append(TimeKind.seconds.rawValue)
            write(distance / 1_000_000_000)
        } else {
            bytes.append(TimeKind.nanoseconds.rawValue)
            write(distance)
        }
    }

    enum TimeKind: UInt8 {
        case none, seconds, nanoseconds
    }

    // MARK: - Strings

    enum TextKind: UInt8 {
        case none, shared, utf8
        /// 16 bytes.
        case uuid
        /// What stands before it, shared, and 32 bytes: the identifier of a container.
        case digest
    }

    /// A string that many objects have.
    mutating func writeShared(_ text: String?) {
        guard let text else {
            bytes.append(TextKind.none.rawValue)
            return
        }
        bytes.append(TextKind.shared.rawValue)
        writeIndex(of: text)
    }

    /// A string that hardly any other object has.
    mutating func write(_ text: String?) {
        guard let text else {
            bytes.append(TextKind.none.rawValue)
            return
        }
        if let uuid = HexDigits.uuid(text) {
            bytes.append(TextKind.uuid.rawValue)
            bytes += uuid
        } else if let (prefix, digest) = HexDigits.digest(text) {
            bytes.append(TextKind.digest.rawValue)
            writeIndex(of: prefix)
            bytes += digest
        } else {
            bytes.append(TextKind.utf8.rawValue)
            write(text.utf8.count)
            bytes += text.utf8
        }
    }

    private mutating func writeIndex(of text: String) {
        // An object with more of them is nobody's usual one; repeats do no harm. To the byte, see `SharedStrings`.
        if let index = strings.prefix(SharedStrings.longestList).firstIndex(where: { $0.isEqual(to: text.utf8) }) {
            write(index)
        } else {
            write(strings.count)
            strings.append(text)
        }
    }

    // MARK: - Several

    mutating func write<Element: Packable>(_ elements: some Collection<Element>) {
        write(elements.count)
        for element in elements { element.pack(into: &self) }
    }

    mutating func write(_ element: (some Packable)?) {
        write(element != nil)
        element?.pack(into: &self)
    }
}
