/// A component that could not be created, or that ended when nobody told it to.
public struct ComponentFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Phase: String, Sendable {
        case create
        case run
    }

    /// `kind:id`
    public let component: String
    public let phase: Phase
    public let reason: String

    public init(component: String, phase: Phase, reason: String) {
        self.component = component
        self.phase = phase
        self.reason = reason
    }

    public var description: String {
        switch phase {
        case .create: "cannot create \(component): \(reason)"
        case .run: "\(component) failed: \(reason)"
        }
    }
}

/// All components that could not be created.
public struct ComponentFailures: Error, Sendable, Equatable, CustomStringConvertible {
    /// Never empty.
    public let failures: [ComponentFailure]

    init(_ failures: [ComponentFailure]) { self.failures = failures }

    /// One a line.
    public var description: String { failures.map(\.description).joined(separator: "\n") }
}
