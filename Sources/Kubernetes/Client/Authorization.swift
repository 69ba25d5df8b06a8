import FoundationEssentials
import Logging

/// The `Authorization` header of each request.
struct Authorization: Sendable {
    private enum Source {
        case none
        case fixed(String)
        case file(TokenSource)
    }

    private let source: Source

    init(_ credentials: ClusterAccess.Credentials, in environment: ClusterEnvironment, logger: Logger) {
        switch credentials {
        case .none:
            source = .none
        case .token(let token):
            source = .fixed("Bearer \(token)")
        case .basic(let username, let password):
            source = .fixed("Basic " + Data("\(username):\(password)".utf8).base64EncodedString())
        case .tokenFile(let path):
            let start = ContinuousClock.now
            let now = { @Sendable in ContinuousClock.now - start }
            source = .file(TokenSource(path: path, in: environment, now: now, logger: logger))
        }
    }

    func header() -> String? {
        switch source {
        case .none: nil
        case .fixed(let header): header
        case .file(let tokens): tokens.token().map { "Bearer \($0)" }
        }
    }

    /// Another header to try after a 401; nil when there is none.
    func replacement(for header: String?) -> String? {
        guard case .file(let tokens) = source else { return nil }
        let rejected = header.map { String($0.dropFirst("Bearer ".count)) }
        return tokens.replacement(for: rejected).map { "Bearer \($0)" }
    }
}
