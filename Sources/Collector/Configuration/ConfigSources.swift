import FoundationEssentials

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
            do throws(FileReadError) {
                guard let text = String(validating: try FileBytes.read(path), as: UTF8.self) else {
                    throw FileReadError(description: "is not UTF-8 text")
                }
                return text
            } catch {
                throw ConfigError(path: "", position: path, message: "\(error)")
            }
        }
    }
}
