/// Which objects of a resource are meant.
public struct ObjectSelection: Sendable, Equatable {
    /// Nil for all namespaces.
    public var namespace: String?
    /// As kubectl's `-l`.
    public var labelSelector: String?
    /// As kubectl's `--field-selector`.
    public var fieldSelector: String?

    public init(namespace: String? = nil, labelSelector: String? = nil, fieldSelector: String? = nil) {
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
    }

    var query: [(name: String, value: String)] {
        var query: [(name: String, value: String)] = []
        if let labelSelector { query.append(("labelSelector", labelSelector)) }
        if let fieldSelector { query.append(("fieldSelector", fieldSelector)) }
        return query
    }
}
