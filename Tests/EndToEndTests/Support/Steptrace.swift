import FoundationEssentials
import Replay

/// The built program.
enum Steptrace {
    /// It lies beside the tests' own program.
    static let path: String = {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: tests).deletingLastPathComponent().appending(path: "steptrace").path
    }()

    static func start(_ arguments: String..., environment: [String: String] = [:]) async throws -> GatewayProcess {
        try await GatewayProcess.start(path, arguments: arguments, environment: environment)
    }
}
