/// The headers of the request a batch came in with, for components that tell batches apart by them (`metadata_keys`).
public final class BatchMetadata: Sendable {
    private let values: [String: [String]]

    /// Names in any case.
    public init(_ headers: some Sequence<(name: String, value: String)>) {
        var values: [String: [String]] = [:]
        for (name, value) in headers { values[name.lowercased(), default: []].append(value) }
        self.values = values
    }

    /// All values of a header, in the order in which they came; empty when there is none.
    ///
    /// - Parameter name: in any case.
    public subscript(name: String) -> [String] { values[name.lowercased()] ?? [] }
}
