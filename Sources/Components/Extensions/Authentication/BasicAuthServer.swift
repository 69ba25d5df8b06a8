import Collector
import FoundationEssentials
import Logging
import Synchronization

/// The `basicauth` extension on a receiver's side: HTTP Basic against an htpasswd file.
///
/// Passwords with a slow hash (bcrypt) are checked on the event loop, once for each sender. So that guessing does not
/// take the loops away from everybody else, there is a limit to the time that such checks may take together.
final class BasicAuthServer: ServerAuthenticator {
    private struct State {
        var file: WatchedFile?
        var table: Htpasswd
        /// Counts the tables, so that a check with an old one is not remembered in the new.
        var generation = 0
        var budget = CheckBudget()
    }

    private let configuration: BasicAuthConfiguration.Server
    private let context: ComponentContext
    private let interval: Duration
    private let state: Mutex<State>

    let challenge: String? = #"Basic realm="steptrace""#

    /// - Parameter interval: how often the file is looked at.
    /// - Throws: what is wrong with the file or the text.
    init(
        _ configuration: BasicAuthConfiguration.Server,
        context: ComponentContext,
        interval: Duration = .seconds(1)
    ) throws {
        self.configuration = configuration
        self.context = context
        self.interval = interval
        var file = configuration.file.map { WatchedFile($0) }
        let table = try Self.table(try file?.read(), configuration)
        state = Mutex(State(file: file, table: table))
    }

    private static func table(
        _ text: String?,
        _ configuration: BasicAuthConfiguration.Server
    ) throws(AuthenticationFileError) -> Htpasswd {
        do {
            return try Htpasswd((text.map { $0 + "\n" } ?? "") + (configuration.inline ?? ""))
        } catch {
            throw AuthenticationFileError("read htpasswd content: \(error)")
        }
    }

    func authenticate(_ header: (_ name: String) -> String?) throws(AuthenticationError) {
        guard let value = header("Authorization"), !value.isEmpty else {
            throw AuthenticationError("no basic auth provided")
        }
        let login = try Self.login(value)
        let (known, table, generation) = state.withLock { state in
            (state.table.known(login), state.table, state.generation)
        }
        if let known {
            if known { return }
            throw AuthenticationError("invalid credentials")
        }
        let start = ContinuousClock.now
        guard state.withLock({ $0.budget.allows(start) }) else {
            throw AuthenticationError("too many failed logins: try again in a few seconds")
        }
        let isRight = table.check(login)
        let end = ContinuousClock.now
        state.withLock { state in
            if !isRight { state.budget.spend(end - start, end) }
            if state.generation == generation { state.table.remember(login, isRight: isRight) }
        }
        if !isRight { throw AuthenticationError("invalid credentials") }
    }

    /// Reads the header's value as RFC 7617 has it.
    static func login(_ value: String) throws(AuthenticationError) -> BasicCredentials {
        guard value.utf8.count > 6, value.prefix(6).lowercased() == "basic " else {
            throw AuthenticationError("invalid authorization scheme prefix")
        }
        guard let data = Data(base64Encoded: value.dropFirst(6).trimmingSpaces), let colon = data.firstIndex(of: 0x3A)
        else { throw AuthenticationError("invalid authorization format") }
        let user = String(decoding: data[..<colon], as: UTF8.self)
        return BasicCredentials(user: user, password: Array(data[data.index(after: colon)...]))
    }

    func run() async throws {
        context.report(.ok)
        await context.poll(every: interval) { self.reload() }
        context.report(.stopped)
    }

    private func reload() {
        do {
            guard var file = state.withLock({ $0.file }) else { return }
            // Also of a file that is wrong: it is said once.
            defer { state.withLock { [file] in $0.file = file } }
            guard let text = try file.readIfChanged() else { return }
            let table = try Self.table(text, configuration)
            state.withLock { state in
                state.table = table
                state.generation += 1
            }
            context.logger.info("Read htpasswd again", metadata: ["users": .stringConvertible(table.userCount)])
            context.report(.ok)
        } catch {
            context.report(.recoverableError("\(error)"))
            context.logger.warning("Keeping the users there are", metadata: ["error": "\(error)"])
        }
    }
}

/// How much time failed checks of passwords may take: a quarter of it, with a second in reserve.
struct CheckBudget {
    private var debt = Duration.zero
    private var last: ContinuousClock.Instant?

    mutating func allows(_ now: ContinuousClock.Instant) -> Bool {
        settle(now)
        return debt < .seconds(1)
    }

    mutating func spend(_ time: Duration, _ now: ContinuousClock.Instant) {
        settle(now)
        debt += time
    }

    private mutating func settle(_ now: ContinuousClock.Instant) {
        if let last { debt = max(.zero, debt - (now - last) / 4) }
        last = now
    }
}
