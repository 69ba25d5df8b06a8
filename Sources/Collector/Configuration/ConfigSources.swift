import FoundationEssentials
import Glibc

/// Where configuration comes from besides the command line: the environment and files. Tests pass their own.
public struct ConfigSources: Sendable {
    public let environment: [String: String]
    /// The text of a file; the error says why it cannot be read.
    public let readFile: @Sendable (_ path: String) throws(ConfigError) -> String

    public init(
        environment: [String: String],
        readFile: @escaping @Sendable (_ path: String) throws(ConfigError) -> String
    ) {
        self.environment = environment
        self.readFile = readFile
    }

    /// This process's environment and the files of this machine.
    public static var system: ConfigSources {
        ConfigSources(environment: ProcessInfo.processInfo.environment) { path throws(ConfigError) in
            do {
                let data = try Data(contentsOf: URL(filePath: path))
                guard let text = String(validating: data, as: UTF8.self) else {
                    throw ConfigError(path: "", position: path, message: "is not UTF-8 text")
                }
                return text
            } catch let error as ConfigError {
                throw error
            } catch {
                throw ConfigError(path: "", position: path, message: "cannot read the file: \(reason(error))")
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch (error as? CocoaError)?.code {
        case .fileReadNoSuchFile?: return "no such file"
        case .fileReadNoPermission?: return "permission denied"
        default:
            let underlying = (error as? CocoaError)?.underlying
            return (underlying as? POSIXError)?.code == .EISDIR ? "is a directory" : "\(underlying ?? error)"
        }
    }
}
