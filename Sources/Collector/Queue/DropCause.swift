/// Why spans that had been accepted were not delivered.
public enum DropCause: String, Sendable, Hashable, CaseIterable {
    /// The backend refused them for good.
    case rejected
    /// The backend did not take them in the time for retries, or retries are off.
    case retriesExhausted = "retries_exhausted"
    /// The process ended before they could be delivered.
    case shutdown
    /// They had been stored, and could not be read again.
    case storage
}
