/// What this program is; the only place that holds its version.
public enum BuildInfo {
    public static let command = "steptrace"
    public static let description = "OpenTelemetry-Collector-compatible trace gateway that adds Tekton's steps"
    public static let version = "0.1.0"
}
