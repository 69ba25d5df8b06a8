/// A value as few bytes, for as long as nothing is done with it: most of what is followed waits most of its time.
///
/// An object is some dozen strings and arrays, each with a piece of memory of its own; packed it is one piece, and the strings
/// that it has in common with objects of the same kind (names of steps, images, reasons) are shared with them.
struct Packed<Value: Packable>: Sendable {
    private let bytes: [UInt8]
    private let strings: [String]

    init(_ value: Value, sharing shared: inout SharedStrings) {
        var writer = PackWriter()
        value.pack(into: &writer)
        // Without the room that a growing array keeps.
        bytes = Array(writer.bytes[...])
        strings = shared.share(writer.strings)
    }

    var value: Value {
        var reader = PackReader(bytes: bytes, strings: strings)
        return Value(unpacking: &reader)
    }
}

protocol Packable {
    func pack(into writer: inout PackWriter)
    /// Takes what `pack` has written.
    init(unpacking reader: inout PackReader)
}
