/// Checks of passwords under way: each login is checked once, however many requests wait for it.
struct PendingChecks<Waiter> {
    enum Admission: Equatable {
        /// The check is to be made.
        case first
        /// The check is being made.
        case joined
        /// There are too many of them.
        case full
    }

    /// So many logins at a time. With bcrypt at its highest cost, the last of them waits for some seconds.
    static var maximumLogins: Int { 32 }
    static var maximumWaiters: Int { 4096 }

    private var waiters: [SecretDigest: [Waiter]] = [:]
    private var count = 0

    mutating func add(_ login: SecretDigest, _ waiter: Waiter) -> Admission {
        let isFirst = waiters[login] == nil
        guard count < Self.maximumWaiters, !isFirst || waiters.count < Self.maximumLogins else { return .full }
        waiters[login, default: []].append(waiter)
        count += 1
        return isFirst ? .first : .joined
    }

    /// The check has been made: returns those who wait for it.
    mutating func finish(_ login: SecretDigest) -> [Waiter] {
        let finished = waiters.removeValue(forKey: login) ?? []
        count -= finished.count
        return finished
    }
}
