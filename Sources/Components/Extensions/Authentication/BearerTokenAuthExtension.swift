import Collector
import Logging
import Synchronization

/// The `bearertokenauth` extension: a token in a header, for receivers and exporters.
final class BearerTokenAuthExtension: ServerAuthenticator, ClientAuthenticator {
    private struct State {
        /// What the header has to be: one of these. Never empty.
        var accepted: [SecretDigest]
        /// What the header of an exporter's request is.
        var sent: String
    }

    private let configuration: BearerTokenAuthConfiguration
    private let context: ComponentContext
    private let interval: Duration
    private let file: WatchedFile?
    private let state: Mutex<State>

    static let factory = ComponentFactory.extension(
        type: "bearertokenauth",
        stability: "beta",
        BearerTokenAuthConfiguration.self
    ) { try BearerTokenAuthExtension($0, context: $1) }

    /// - Parameter interval: how often the file is looked at.
    /// - Throws: a file that cannot be read, or has no token.
    init(
        _ configuration: BearerTokenAuthConfiguration,
        context: ComponentContext,
        interval: Duration = .seconds(1)
    ) throws {
        self.configuration = configuration
        self.context = context
        self.interval = interval
        file = configuration.filename.map { WatchedFile($0) }
        if file != nil, !configuration.tokens.isEmpty {
            context.logger.warning("a filename is given: the tokens of the configuration are not used")
        }
        let text = try file?.read()
        state = Mutex(try Self.state(try text.map(Self.tokens) ?? configuration.tokens, configuration))
    }

    private static func tokens(_ text: String) throws(AuthenticationFileError) -> [String] {
        let tokens = text.split(whereSeparator: \.isNewline).map(\.trimmingSpaces).filter { !$0.isEmpty }
        guard !tokens.isEmpty else { throw AuthenticationFileError("no bearer token in the file") }
        return tokens
    }

    private static func state(
        _ tokens: [String],
        _ configuration: BearerTokenAuthConfiguration
    ) throws(AuthenticationFileError) -> State {
        let values = tokens.map { configuration.scheme.isEmpty ? $0 : "\(configuration.scheme) \($0)" }
        guard let first = values.first else { throw AuthenticationFileError("no bearer token provided") }
        return State(accepted: values.map { SecretDigest($0.utf8) }, sent: first)
    }

    var challenge: String? { configuration.scheme.isEmpty ? nil : configuration.scheme }

    func authenticate(_ header: (_ name: String) -> String?) -> Authentication {
        guard let value = header(configuration.header), !value.isEmpty else {
            let message = "missing or empty authorization header: \(configuration.header)"
            return .refused(AuthenticationError(message))
        }
        let digest = SecretDigest(value.utf8)
        let accepted = state.withLock { $0.accepted }
        // All of them, whatever is found.
        guard accepted.reduce(false, { $1.matches(digest) || $0 }) else {
            return .refused(AuthenticationError("provided authorization does not match expected scheme or token"))
        }
        return .accepted
    }

    func credentials() throws(AuthenticationError) -> [(name: String, value: String)] {
        [(name: configuration.header, value: state.withLock { $0.sent })]
    }

    func run() async throws {
        await context.followSecrets("tokens", every: interval) { [self] () throws(AuthenticationFileError) in
            guard let text = try file?.readIfChanged() else { return nil }
            let next = try Self.state(try Self.tokens(text), configuration)
            state.withLock { $0 = next }
            return next.accepted.count
        }
    }
}
