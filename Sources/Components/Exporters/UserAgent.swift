import Collector

/// What exporters say they are, in the Collector's form.
enum UserAgent {
    static let text = "\(BuildInfo.command)/\(BuildInfo.version) (linux/\(architecture))"

    /// As Go names it.
    private static var architecture: String {
        #if arch(x86_64)
        "amd64"
        #elseif arch(arm64)
        "arm64"
        #else
        "unknown"
        #endif
    }
}
