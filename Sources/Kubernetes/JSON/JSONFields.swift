/// The fields of an object that is being read. Each must be read, or passed over, before the next is asked for.
public struct JSONFields<Key: JSONKey> {
    @usableFromInline
    var cursor: JSONReader.Cursor

    /// The key of the next field that has one of the keys; nil at the end of the object.
    @inlinable
    public mutating func next(in reader: inout JSONReader) throws(JSONReadError) -> Key? {
        guard let index = try reader.nextField(Key.table.names, &cursor) else { return nil }
        return Key.table.keys[index]
    }

    /// The error of an object without such a field.
    public func missing(_ key: Key) -> JSONReadError {
        .unexpected(offset: cursor.start, reason: "has no '\(key.rawValue)'")
    }
}

/// The elements of an array that is being read.
public struct JSONElements {
    @usableFromInline
    var cursor: JSONReader.Cursor

    /// Whether there is another element, which must be read or passed over before the next is asked for.
    @inlinable
    public mutating func next(in reader: inout JSONReader) throws(JSONReadError) -> Bool {
        try reader.nextElement(&cursor)
    }
}
