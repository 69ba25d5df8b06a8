import FoundationEssentials
import Synchronization

/// The credentials of an exec plugin: asked for when they are needed, kept until they run out or the server rejects them.
///
/// However many requests wait, the plugin runs once.
actor ExecCredentialSource {
    /// What the plugin handed out, and which time that was.
    struct Issue: Sendable, Equatable {
        let number: Int
        let credential: ExecCredential
    }

    typealias Run = @Sendable (ExecPlugin) async throws(ExecFailure) -> [UInt8]

    private let plugin: ExecPlugin
    private let run: Run
    private let now: @Sendable () -> KubernetesTime
    private let latest = Mutex<Issue?>(nil)
    private var running: Task<Result<Issue, KubernetesError>, Never>?

    init(
        _ plugin: ExecPlugin,
        run: @escaping Run,
        now: @escaping @Sendable () -> KubernetesTime = { .now }
    ) {
        self.plugin = plugin
        self.run = run
        self.now = now
    }

    /// The last credentials, good or not; nil before there were any.
    nonisolated var last: Issue? { latest.withLock { $0 } }

    func current() async throws(KubernetesError) -> Issue {
        if let last, last.credential.expiration.map({ now() < $0 }) ?? true { return last }
        return try await renewed()
    }

    /// The server has rejected those of that number; others, if they are already there, else new ones.
    func replacement(for number: Int) async throws(KubernetesError) -> Issue {
        if let last, last.number > number { return last }
        return try await renewed()
    }

    private func renewed() async throws(KubernetesError) -> Issue {
        let task: Task<Result<Issue, KubernetesError>, Never>
        if let running {
            task = running
        } else {
            // Not of the request that came first: that one may be cancelled, and others wait too.
            task = Task { await issue() }
            running = task
        }
        return try await task.value.get()
    }

    private func issue() async -> Result<Issue, KubernetesError> {
        defer { running = nil }
        do throws(ExecFailure) {
            let output = try await run(plugin)
            let credential: ExecCredential
            do {
                credential = try ExecCredential(output: output, version: plugin.version)
            } catch {
                throw ExecFailure(error.message)
            }
            if let expiration = credential.expiration, expiration <= now() {
                throw ExecFailure("its credentials have run out already; check the clocks")
            }
            let issue = Issue(number: (last?.number ?? 0) + 1, credential: credential)
            latest.withLock { $0 = issue }
            return .success(issue)
        } catch {
            let hint = error.isMissing ? plugin.installHint.map { "; \($0.trimmingWhitespace())" } ?? "" : ""
            let message = "\(plugin.place): the credential plugin '\(plugin.command)': \(error.message)\(hint)"
            return .failure(KubernetesError(.unauthorized, message))
        }
    }
}
