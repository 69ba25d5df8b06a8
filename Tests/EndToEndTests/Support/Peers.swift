import FoundationEssentials
import Replay

/// Programs that are not ours, to talk with: from `.venv`, where Scripts/install-peers puts them, and from the system.
enum Peers {
    struct NotInstalled: Error, CustomStringConvertible {
        let path: String

        var description: String {
            "\(path) is missing: run Scripts/install-packages --tests and Scripts/install-peers, or make test, which does"
        }
    }

    private static let package = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Starts one of the scripts in Tests/Peers.
    static func python(_ script: String, _ arguments: [String]) async throws -> GatewayProcess {
        let python = try installed("\(package)/.venv/bin/python")
        // Python finds its packages by the name it is called by, which env gives it.
        return try await system([python, "\(package)/Tests/Peers/\(script)"] + arguments)
    }

    /// Starts rotel, a gateway in Rust.
    static func rotel(_ arguments: [String]) async throws -> GatewayProcess {
        let libraries = "\(package)/.venv/lib"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries)) ?? ["python3"]
        let paths = versions.map { "\(libraries)/\($0)/site-packages/rotel/rotel-agent" }
        let path = paths.first { FileManager.default.isExecutableFile(atPath: $0) } ?? paths[0]
        return try await GatewayProcess.start(installed(path), arguments: arguments, environment: environment)
    }

    /// Starts a program of the system, by its name.
    static func system(_ command: [String]) async throws -> GatewayProcess {
        try await GatewayProcess.start("/usr/bin/env", arguments: command, environment: environment)
    }

    /// No proxies, whatever the environment says.
    private static let environment = [
        "NO_PROXY": "*", "no_proxy": "*",
        // What a test says about certificates counts.
        "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "",
    ]

    private static func installed(_ path: String) throws -> String {
        guard FileManager.default.isExecutableFile(atPath: path) else { throw NotInstalled(path: path) }
        return path
    }
}

extension GatewayLog {
    /// The lines that a peer's script has written behind `word`, without it.
    func lines(_ word: String) -> [Substring] {
        lines.map(\.text).filter { $0.hasPrefix(word + " ") }.map { $0.dropFirst(word.utf8.count + 1) }
    }

    /// The requests that a peer's script has written behind `word` in base64.
    func requests(_ word: String) throws -> [[UInt8]] {
        try lines(word).map { line in
            let text = line.prefix { $0 != " " }
            guard let data = Data(base64Encoded: String(text)) else { throw PeerOutput(line: String(line)) }
            return Array(data)
        }
    }
}

/// A line that a peer's script should not have written.
struct PeerOutput: Error {
    let line: String
}
