/// The states of a component, as the Collector reports them (its docs/component-status.md).
public enum ComponentStatus: Sendable, Equatable {
    case starting
    case ok
    /// Something is wrong that may pass by itself, such as an API server that does not answer.
    case recoverableError(String)
    /// Something is wrong that will not pass without a change by the user.
    case permanentError(String)
    case stopping
    case stopped

    /// As the Collector's healthcheckv2 has it.
    public var name: String {
        switch self {
        case .starting: "StatusStarting"
        case .ok: "StatusOK"
        case .recoverableError: "StatusRecoverableError"
        case .permanentError: "StatusPermanentError"
        case .stopping: "StatusStopping"
        case .stopped: "StatusStopped"
        }
    }

    /// What is wrong, where something is.
    public var error: String? {
        switch self {
        case .recoverableError(let error), .permanentError(let error): error
        case .starting, .ok, .stopping, .stopped: nil
        }
    }

    /// Whether a component in this state can come to another (the Collector's service/internal/status/status.go): nothing
    /// but the end follows a permanent error, and nothing but errors and the end follow `stopping`.
    func allows(_ next: ComponentStatus) -> Bool {
        switch (self, next) {
        // Another life.
        case (_, .starting): true
        case (.starting, _), (.ok, _), (.recoverableError, _): true
        case (.permanentError, .stopping), (.permanentError, .stopped), (.permanentError, .permanentError): true
        case (.permanentError, _): false
        case (.stopping, .ok), (.stopping, .recoverableError): false
        case (.stopping, _): true
        case (.stopped, _): false
        }
    }
}
