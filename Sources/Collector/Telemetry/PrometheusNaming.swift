/// How metrics are called in Prometheus' formats: the switches of the Collector's Prometheus exporter.
public struct PrometheusNaming: Sendable, Equatable {
    /// No `_total` behind the names of counters: `otelcol_receiver_accepted_spans`, as the Collector documents them.
    public var withoutTypeSuffix: Bool
    /// No unit behind names: `otelcol_process_uptime` rather than `otelcol_process_uptime_seconds`.
    public var withoutUnits: Bool
    /// No labels `otel_scope_name` and `otel_scope_version`.
    public var withoutScopeInfo: Bool

    public init(withoutTypeSuffix: Bool = true, withoutUnits: Bool = true, withoutScopeInfo: Bool = true) {
        self.withoutTypeSuffix = withoutTypeSuffix
        self.withoutUnits = withoutUnits
        self.withoutScopeInfo = withoutScopeInfo
    }

    /// The name of a family, without `_total`.
    func familyName(_ metric: MetricDescription) -> String {
        let name = Self.sanitized(metric.name, allowsColon: true)
        guard !withoutUnits, let unit = Self.unitName(metric.unit), !name.hasSuffix("_\(unit)") else { return name }
        return "\(name)_\(unit)"
    }

    /// The word that Prometheus has for a unit of UCUM (OpenTelemetry, specification/compatibility/prometheus_and_openmetrics.md);
    /// nil for what is counted rather than measured.
    static func unitName(_ unit: String) -> String? {
        switch unit {
        case "s": "seconds"
        case "ms": "milliseconds"
        case "By": "bytes"
        default: nil
        }
    }

    /// Every character that a name must not have becomes `_`.
    static func sanitized(_ name: String, allowsColon: Bool = false) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case "0"..."9":
                if result.isEmpty { result += "_" }
                result.unicodeScalars.append(scalar)
            case ":" where allowsColon: result += ":"
            default: result += "_"
            }
        }
        return result.isEmpty ? "_" : result
    }
}
