import Collector
import FoundationEssentials
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
        await context.followSecrets("credentials", every: interval) { [self] () throws(AuthenticationFileError) in
            var next = state.withLock { $0 }
            // Also of a file that is wrong: it is said once. The header is as it was until both are read.
            defer { state.withLock { [next] in $0 = next } }
            let isNewName = try next.username.update()
            let isNewPassword = try next.password.update()
            guard isNewName || isNewPassword else { return nil }
            next.update()
            return 1
        }
    }
}
