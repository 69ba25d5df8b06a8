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

    init(isAvailable: Bool, upSince: Date, now: Date, components: [String: ComponentStatus]) {
        status = isAvailable ? "Server available" : "Server not available"
        self.upSince = isAvailable ? upSince.formatted(.iso8601) : "0001-01-01T00:00:00Z"
        let milliseconds = Int((max(now.timeIntervalSince(upSince), 0) * 1000).rounded())
        uptime = isAvailable ? GoDuration.format(.milliseconds(milliseconds)) : ""
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
    init(_ status: ComponentStatus) { self.init(status: status.name, error: status.error) }
}
