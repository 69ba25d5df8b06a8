import Collector
import FoundationEssentials
import Logging
import Synchronization

/// The `basicauth` extension on a receiver's side: HTTP Basic against an htpasswd file.
///
/// Passwords with a slow hash (bcrypt) are checked on threads of their own, once for each sender. So that guessing does
/// not keep others from logging in, there is a limit to how many logins are checked at a time, and to the time that
/// failed checks may take together; beyond it, a login is to be tried again later.
final class BasicAuthServer: ServerAuthenticator {
    typealias Completion = @Sendable (AuthenticationError?) -> Void

    private struct State {
        var table: Htpasswd
        /// Counts the tables, so that a check with an old one is not remembered in the new.
        var generation = 0
        var budget = CheckBudget()
        var checks = PendingChecks<Completion>()
    }

    private static let invalid = AuthenticationError("invalid credentials")
    private static let tooManyFailed = AuthenticationError(
        "too many failed logins: try again in a few seconds",
        isTemporary: true
    )
    private static let tooMany = AuthenticationError(
        "too many logins at a time: try again in a few seconds",
        isTemporary: true
    )

    private let configuration: BasicAuthConfiguration.Server
    private let context: ComponentContext
    private let interval: Duration
    private let file: WatchedFile?
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
        file = configuration.file.map { WatchedFile($0) }
        state = Mutex(State(table: try Self.table(try file?.read(), configuration)))
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

    func authenticate(_ header: (_ name: String) -> String?) -> Authentication {
        guard let value = header("Authorization"), !value.isEmpty else {
            return .refused(AuthenticationError("no basic auth provided"))
        }
        let login: BasicCredentials
        do throws(AuthenticationError) {
            login = try Self.login(value)
        } catch {
            return .refused(error)
        }
        let (known, quick, allowed) = state.withLock { state in
            let known = state.table.known(login)
            let quick = known == nil && state.table.isQuick(login) ? state.table : nil
            return (known, quick, known != nil || quick != nil || state.budget.allows(.now))
        }
        if let known { return known ? .accepted : .refused(Self.invalid) }
        if let quick { return quick.check(login) ? .accepted : .refused(Self.invalid) }
        guard allowed else { return .refused(Self.tooManyFailed) }
        return .pending { [self] in check(login, $0) }
    }

    private func check(_ login: BasicCredentials, _ completion: @escaping Completion) {
        let (admission, table, generation) = state.withLock { state in
            (state.checks.add(login.digest, completion), state.table, state.generation)
        }
        switch admission {
        case .joined: break
        case .full: completion(Self.tooMany)
        case .first:
            PasswordThreads.run { [self] in
                let start = ContinuousClock.now
                let isRight = table.check(login)
                let end = ContinuousClock.now
                let waiters = state.withLock { state in
                    if !isRight { state.budget.spend(end - start, end) }
                    if state.generation == generation { state.table.remember(login, isRight: isRight) }
                    return state.checks.finish(login.digest)
                }
                for waiter in waiters { waiter(isRight ? nil : Self.invalid) }
            }
        }
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
        await context.followSecrets("users", every: interval) { [self] () throws(AuthenticationFileError) in
            guard let text = try file?.readIfChanged() else { return nil }
            var table = try Self.table(text, configuration)
            state.withLock { state in
                table.keep(state.table)
                state.table = table
                state.generation += 1
            }
            return table.userCount
        }
    }
}
