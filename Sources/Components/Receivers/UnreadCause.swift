/// Why a receiver refused a request before it had come in full.
public enum UnreadCause: String, Sendable, CaseIterable {
    /// There was no memory for it.
    case memory
    /// The pipeline refuses everything at the moment.
    case overload
}
