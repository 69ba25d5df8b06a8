import Collector
import FoundationEssentials
import Logging
import Synchronization

/// The `basicauth` extension on an exporter's side.
final class BasicAuthClient: ClientAuthenticator {
    private struct State {
        var username: WatchedSecret
        var password: WatchedSecret
        var header: String

        mutating func update() {
            let text = "\(username.text):\(password.text)"
            header = "Basic " + Data(text.utf8).base64EncodedString()
        }
    }

    private let context: ComponentContext
    private let interval: Duration
    private let state: Mutex<State>

    /// - Throws: a file that cannot be read.
    init(
        _ configuration: BasicAuthConfiguration.Client,
        context: ComponentContext,
        interval: Duration = .seconds(1)
    ) throws {
        self.context = context
        self.interval = interval
        var state = State(
            username: try WatchedSecret(file: configuration.usernameFile, text: configuration.username),
            password: try WatchedSecret(file: configuration.passwordFile, text: configuration.password),
            header: ""
        )
        state.update()
        self.state = Mutex(state)
    }

    func credentials() throws(AuthenticationError) -> [(name: String, value: String)] {
        [(name: "Authorization", value: state.withLock { $0.header })]
    }

    func run() async throws {
        context.report(.ok)
        await context.poll(every: interval) { [self] in
            do {
                var next = state.withLock { $0 }
                // Also of a file that is wrong: it is said once. The header is as it was until both are read.
                defer { state.withLock { [next] in $0 = next } }
                let isNewName = try next.username.update()
                let isNewPassword = try next.password.update()
                guard isNewName || isNewPassword else { return }
                next.update()
                context.report(.ok)
                context.logger.info("Read the credentials again")
            } catch {
                context.report(.recoverableError("\(error)"))
                context.logger.warning("Keeping the credentials there are", metadata: ["error": "\(error)"])
            }
        }
        context.report(.stopped)
    }
}

/// A secret from a file, or one that is written in the configuration.
struct WatchedSecret: Sendable {
    private var file: WatchedFile?
    private(set) var text: String

    /// A file wins.
    init(file path: String?, text: String?) throws(AuthenticationFileError) {
        file = path.map { WatchedFile($0) }
        self.text = text ?? ""
        if let content = try file?.read() { self.text = content.trimmingSpaces }
    }

    /// True when it has changed.
    mutating func update() throws(AuthenticationFileError) -> Bool {
        guard let content = try file?.readIfChanged() else { return false }
        text = content.trimmingSpaces
        return true
    }
}
