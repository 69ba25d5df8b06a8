import Collector

/// Which errors of components make the whole unhealthy: `component_health` of the Collector's healthcheckv2.
public struct HealthRules: Sendable, Equatable {
    public var includesPermanentErrors = false
    public var includesRecoverableErrors = false
    /// How long a recoverable error may last.
    public var recoveryDuration = Duration.seconds(300)

    public init() {}

    /// Takes all keys of the map.
    init(from map: inout ConfigMap) throws(ConfigError) {
        includesPermanentErrors = try map.bool("include_permanent_errors", default: includesPermanentErrors)
        includesRecoverableErrors = try map.bool("include_recoverable_errors", default: includesRecoverableErrors)
        recoveryDuration = try map.duration("recovery_duration", default: recoveryDuration)
        try map.finish()
    }
}

/// Remembers since when components have had recoverable errors, and tells what that means for the whole.
struct HealthTracker: Sendable {
    enum Verdict: Sendable, Equatable {
        case available
        /// Starting, stopping, or an error that may pass has lasted too long: which components have one.
        case unavailable(failing: [String])
        /// These have errors that will not pass.
        case failed([String])
    }

    private let rules: HealthRules
    private var failingSince: [String: Duration] = [:]

    init(_ rules: HealthRules) { self.rules = rules }

    /// Takes the state of all components. To be called often enough for `recovery_duration` to be kept to.
    ///
    /// - Parameter now: time since some fixed point.
    mutating func observe(_ statuses: [String: ComponentStatus], now: Duration) {
        let failing = statuses.filter { status in
            if case .recoverableError = status.value { true } else { false }
        }
        failingSince = failing.reduce(into: [:]) { $0[$1.key] = failingSince[$1.key] ?? now }
    }

    func verdict(isReady: Bool, _ statuses: [String: ComponentStatus], now: Duration) -> Verdict {
        if rules.includesPermanentErrors {
            let failed = statuses.filter { status in
                if case .permanentError = status.value { true } else { false }
            }
            if !failed.isEmpty { return .failed(failed.keys.sorted()) }
        }
        guard isReady else { return .unavailable(failing: []) }
        guard rules.includesRecoverableErrors else { return .available }
        let failing = failingSince.filter { now - $0.value >= rules.recoveryDuration }.keys.sorted()
        return failing.isEmpty ? .available : .unavailable(failing: failing)
    }
}
