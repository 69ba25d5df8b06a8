import FoundationEssentials

/// Where credentials come from: the environment's variables and files.
public struct ClusterEnvironment: Sendable {
    /// Why a file could not be read.
    public struct FileError: Error, Sendable, Equatable {
        public let isMissing: Bool
        public let message: String

        public init(isMissing: Bool, _ message: String) {
            self.isMissing = isMissing
            self.message = message
        }
    }

    public var variables: [String: String]
    public var readFile: @Sendable (_ path: String) throws(FileError) -> [UInt8]

    public init(
        variables: [String: String],
        readFile: @escaping @Sendable (_ path: String) throws(FileError) -> [UInt8]
    ) {
        self.variables = variables
        self.readFile = readFile
    }

    /// That of this process.
    public static var process: ClusterEnvironment {
        ClusterEnvironment(variables: ProcessInfo.processInfo.environment) { path throws(FileError) in
            do {
                return [UInt8](try Data(contentsOf: URL(filePath: path)))
            } catch {
                throw switch (error as? CocoaError)?.code {
                case .fileReadNoSuchFile, .fileNoSuchFile: FileError(isMissing: true, "no such file")
                case .fileReadNoPermission: FileError(isMissing: false, "permission denied")
                default: FileError(isMissing: false, "cannot be read (\(error))")
                }
            }
        }
    }
}
