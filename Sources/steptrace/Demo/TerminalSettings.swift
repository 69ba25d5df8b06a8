import FoundationEssentials
import Glibc

/// What standard output can show.
struct TerminalSettings {
    var width: Int
    var color: Bool
    var unicode: Bool

    /// As the terminal and the environment say: `COLUMNS`, `NO_COLOR`, `LC_ALL`, `LC_CTYPE`, `LANG`.
    static var current: TerminalSettings {
        let environment = ProcessInfo.processInfo.environment
        let isTerminal = isatty(STDOUT_FILENO) == 1
        var size = winsize()
        let hasSize = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let columns = environment["COLUMNS"].flatMap { Int($0) }
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        return TerminalSettings(
            width: hasSize ? Int(size.ws_col) : columns ?? 120,
            color: isTerminal && environment["NO_COLOR"]?.isEmpty ?? true && environment["TERM"] != "dumb",
            unicode: locale.lowercased().contains("utf")
        )
    }
}
