import Glibc

/// Why a benchmark tool gives up.
public struct BenchmarkError: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// Runs a whole tool: an error is told on standard error and makes the exit code 1.
public func runTool(_ body: () throws -> Void) {
    do {
        try body()
    } catch {
        let message = "\(CommandLine.arguments.first ?? "?"): \(error)\n"
        _ = write(STDERR_FILENO, message, message.utf8.count)
        exit(EXIT_FAILURE)
    }
}
