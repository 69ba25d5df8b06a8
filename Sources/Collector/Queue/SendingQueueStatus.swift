/// The state of an exporter: what does not work at present, and what has been told of it.
struct SendingQueueStatus: Sendable {
    /// Why sending failed, as of the first failure since it has worked.
    var exportError: String?
    /// The same of the storage.
    var storageError: String?
    private var told = ComponentStatus.ok
    private var number = 0

    /// What to tell; nil when it has been told.
    mutating func change() -> NumberedStatus? { current == told ? nil : tell() }

    /// What to tell, whether it has been told or not.
    mutating func tell() -> NumberedStatus {
        told = current
        number += 1
        return NumberedStatus(number: number, status: told)
    }

    private var current: ComponentStatus {
        // Worse than that a backend is away: senders are refused.
        if let storageError { return .recoverableError("storing failed: \(storageError)") }
        return exportError.map { .recoverableError("exporting failed: \($0)") } ?? .ok
    }
}

/// A state with its place in the order of all. Whoever reports it does so outside the lock under which the order was made,
/// and may be overtaken.
struct NumberedStatus: Sendable, Equatable {
    let number: Int
    let status: ComponentStatus
}
