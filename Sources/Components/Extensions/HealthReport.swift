import Collector
import FoundationEssentials

/// The JSON body of `health_check`: the Collector's fields, and the state of every component.
struct HealthReport: Encodable, Equatable {
    struct Component: Encodable, Equatable {
        let status: String
        let error: String?
    }

    let status: String
    /// RFC 3339; the year 1 while not available, as in the Collector.
    let upSince: String
    let uptime: String
    let components: [String: Component]

    init(isReady: Bool, upSince: Date, now: Date, components: [String: ComponentStatus]) {
        status = isReady ? "Server available" : "Server not available"
        self.upSince = isReady ? upSince.formatted(.iso8601) : "0001-01-01T00:00:00Z"
        let milliseconds = Int((max(now.timeIntervalSince(upSince), 0) * 1000).rounded())
        uptime = isReady ? GoDuration.format(.milliseconds(milliseconds)) : ""
        self.components = components.mapValues(Component.init)
    }

    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings alone: encoding cannot fail.
        return (try? encoder.encode(self)).map(Array.init) ?? []
    }
}

extension HealthReport.Component {
    /// Names as the Collector's healthcheckv2 has them.
    init(_ status: ComponentStatus) {
        switch status {
        case .starting: self.init(status: "StatusStarting", error: nil)
        case .ok: self.init(status: "StatusOK", error: nil)
        case .recoverableError(let error): self.init(status: "StatusRecoverableError", error: error)
        case .permanentError(let error): self.init(status: "StatusPermanentError", error: error)
        case .stopping: self.init(status: "StatusStopping", error: nil)
        case .stopped: self.init(status: "StatusStopped", error: nil)
        }
    }
}
