import Subprocess
import SystemPackage

/// Why an exec plugin handed out nothing.
struct ExecFailure: Error, Equatable {
    let message: String
    /// The program is not there, or may not be run.
    var isMissing = false

    init(_ message: String, isMissing: Bool = false) {
        self.message = message
        self.isMissing = isMissing
    }
}

/// Runs exec plugins: without input, for a bounded time and with bounded output.
struct ExecRunner: Sendable {
    /// A plugin may have to ask a cloud's service, more than once.
    var timeout: Duration = .seconds(60)
    var maxOutput = 1 << 20
    /// Of this process.
    let variables: [String: String]

    init(variables: [String: String]) {
        self.variables = variables
    }

    /// - Returns: the standard output of a run that ended with exit code 0.
    func run(_ plugin: ExecPlugin) async throws(ExecFailure) -> [UInt8] {
        let variables = variables.merging(plugin.environment) { $1 }
            .merging(["KUBERNETES_EXEC_INFO": plugin.info]) { $1 }
        var options = PlatformOptions()
        // With all that it has started, when its time is over.
        options.createSession = true
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))
        ]
        let configuration = Configuration(
            executable: plugin.command.contains("/") ? .path(FilePath(plugin.command)) : .name(plugin.command),
            arguments: Arguments(plugin.arguments),
            environment: .custom([Environment.Key: String](variables)),
            platformOptions: options
        )
        let maxOutput = maxOutput
        return try await limited {
            let result = try await Subprocess.run(
                configuration,
                output: .bytes(limit: maxOutput),
                error: .bytes(limit: maxOutput)
            )
            guard result.terminationStatus.isSuccess else {
                let words = String(decoding: result.standardError.suffix(500), as: UTF8.self).trimmingWhitespace()
                throw ExecFailure("\(result.terminationStatus.words)\(words.isEmpty ? "" : ": \(words)")")
            }
            return result.standardOutput
        }
    }

    /// Gives `body` up after the timeout: cancelled, it ends what it has started.
    private func limited(
        _ body: @escaping @Sendable () async throws -> [UInt8]
    ) async throws(ExecFailure) -> [UInt8] {
        let timeout = timeout
        let outcome = await withTaskGroup(of: Result<[UInt8], ExecFailure>?.self) { group in
            group.addTask {
                do {
                    return .success(try await body())
                } catch let error as ExecFailure {
                    return .failure(error)
                } catch let error as SubprocessError {
                    let isMissing = error.code == .executableNotFound || error.code == .spawnFailed
                    return .failure(ExecFailure("\(error)", isMissing: isMissing))
                } catch {
                    return .failure(ExecFailure("\(error)"))
                }
            }
            group.addTask {
                do {
                    try await Task.sleep(for: timeout)
                    return .failure(ExecFailure("no answer within \(timeout.components.seconds) s, it was ended"))
                } catch {
                    return nil
                }
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        guard let outcome else { throw ExecFailure("cancelled") }
        return try outcome.get()
    }
}

extension [Environment.Key: String] {
    fileprivate init(_ variables: [String: String]) {
        self.init(
            variables.compactMap { name, value in Environment.Key(rawValue: name).map { ($0, value) } },
            uniquingKeysWith: { $1 }
        )
    }
}

extension TerminationStatus {
    fileprivate var words: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signaled(let signal): "ended by signal \(signal)"
        }
    }
}
