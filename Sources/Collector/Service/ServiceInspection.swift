public import FoundationEssentials
import Glibc

/// The pages `servicez`, `pipelinez` and `extensionz`: what runs.
public struct ServiceInspection: Sendable {
    private let configuration: @Sendable () -> ServiceConfiguration
    private let statuses: any StatusSource
    private let started: Date

    /// - Parameter configuration: what is in force.
    public init(
        _ statuses: any StatusSource,
        started: Date = Date(),
        configuration: @escaping @Sendable () -> ServiceConfiguration
    ) {
        self.statuses = statuses
        self.started = started
        self.configuration = configuration
    }

    public func add(to registry: InspectionRegistry) {
        registry.add("servicez") { _ in [service(now: Date())] }
        registry.add("pipelinez") { _ in [pipelines, components { $0 != "extension" }] }
        registry.add("extensionz") { _ in [components { $0 == "extension" }] }
    }

    private func service(now: Date) -> InspectionTable {
        let uptime = Int(max(0, now.timeIntervalSince(started)))
        return InspectionTable(
            "Service",
            columns: ["Property", "Value"],
            rows: [
                ["Command", BuildInfo.command], ["Version", BuildInfo.version],
                ["Description", BuildInfo.description], ["Start time", started.formatted(.iso8601)],
                ["Uptime", GoDuration.format(.seconds(uptime))], ["Process", "\(getpid())"],
                ["Ready", statuses.isReady ? "yes" : "no"],
            ]
        )
    }

    private var pipelines: InspectionTable {
        func list(_ ids: [ComponentID]) -> String { ids.map(\.description).joined(separator: ", ") }
        return InspectionTable(
            "Pipelines",
            columns: ["Pipeline", "Receivers", "Processors", "Exporters"],
            rows: configuration().pipelines.map { pipeline in
                [
                    pipeline.id.description, list(pipeline.receivers), list(pipeline.processors),
                    list(pipeline.exporters),
                ]
            }
        )
    }

    private func components(_ isWanted: (_ kind: Substring) -> Bool) -> InspectionTable {
        let rows = statuses.current().sorted { $0.key < $1.key }.compactMap { key, status -> [String]? in
            let kind = key.prefix { $0 != ":" }
            guard isWanted(kind) else { return nil }
            return [String(key.dropFirst(kind.count + 1)), String(kind), status.name, status.error ?? ""]
        }
        return InspectionTable("Components", columns: ["Component", "Kind", "Status", "Error"], rows: rows)
    }
}
