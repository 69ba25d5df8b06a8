import FoundationEssentials
import Testing

/// The exports in Tests/Fixtures/recordings.
enum Recordings {
    struct Export: CustomTestStringConvertible {
        /// Scenario and number, as in "success/0001".
        let name: String
        let body: [UInt8]

        var testDescription: String { name }
    }

    static func exports() throws -> [Export] {
        let recordings = URL(filePath: #filePath).appending(path: "../../../Fixtures/recordings").standardizedFileURL
        let paths = try FileManager.default.subpathsOfDirectory(atPath: recordings.path())
        return try paths.filter { $0.hasSuffix(".bin") }.sorted().map { path in
            let name = path.replacing("/otlp/", with: "/").dropLast(4)
            return Export(name: String(name), body: [UInt8](try Data(contentsOf: recordings.appending(path: path))))
        }
    }
}
