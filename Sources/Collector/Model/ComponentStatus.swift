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
}
