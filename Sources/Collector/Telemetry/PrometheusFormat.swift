/// The two text formats that Prometheus reads.
public enum PrometheusFormat: Sendable, Equatable {
    /// Version 0.0.4 of the format that was first.
    case text
    /// OpenMetrics 1.0.0.
    case openMetrics

    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The format to answer with.
    ///
    /// OpenMetrics wants `_total` behind every counter's name. Without type suffixes it is not offered, so that names
    /// do not depend on who asks (the Collector never offers it).
    ///
    /// - Parameter accept: the header of the request; nil for none.
    public static func negotiated(accept: String?, naming: PrometheusNaming) -> PrometheusFormat {
        guard !naming.withoutTypeSuffix, let accept else { return .text }
        var (openMetrics, text) = (0.0, 0.0)
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { part in part.filter { $0 != " " && $0 != "\t" }.lowercased() }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            switch parts.first {
            case "application/openmetrics-text": openMetrics = max(openMetrics, weight)
            case "text/plain": text = max(text, weight)
            default: break
            }
        }
        return openMetrics > 0 && openMetrics >= text ? .openMetrics : .text
    }
}
