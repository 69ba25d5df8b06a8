import FoundationEssentials
import Logging

/// Whom requests are made as: their headers, and the client certificate where a plugin hands it out.
struct Authorization: Sendable {
    /// What a request was sent with, to tell when the server rejects it.
    struct Credentials: Sendable, Equatable {
        /// `Authorization` and those of an impersonation.
        var headers: [Header] = []
        /// Of an exec plugin: which of its answers.
        fileprivate var issue = 0
        fileprivate var token: String?
    }

    struct Header: Sendable, Equatable {
        let name: String
        let value: String
    }

    private enum Source {
        case fixed(String?)
        case file(TokenSource)
        case exec(ExecCredentialSource)
    }

    private let source: Source
    private let impersonation: [Header]

    init(_ access: ClusterAccess, in environment: ClusterEnvironment, logger: Logger) {
        impersonation = access.impersonation?.headers ?? []
        switch access.credentials {
        case .none:
            source = .fixed(nil)
        case .token(let token):
            source = .fixed("Bearer \(token)")
        case .basic(let username, let password):
            source = .fixed("Basic " + Data("\(username):\(password)".utf8).base64EncodedString())
        case .tokenFile(let path):
            let start = ContinuousClock.now
            let now = { @Sendable in ContinuousClock.now - start }
            source = .file(TokenSource(path: path, in: environment, now: now, logger: logger))
        case .exec(let plugin):
            let runner = ExecRunner(variables: environment.variables)
            source = .exec(ExecCredentialSource(plugin) { plugin throws(ExecFailure) in try await runner.run(plugin) })
        }
    }

    func credentials() async throws(KubernetesError) -> Credentials {
        switch source {
        case .fixed(let header): credentials(header)
        case .file(let tokens): credentials(ofToken: tokens.token())
        case .exec(let plugin): credentials(of: try await plugin.current())
        }
    }

    /// Others to try after a 401; nil when there are none.
    func replacement(for rejected: Credentials) async throws(KubernetesError) -> Credentials? {
        switch source {
        case .fixed: nil
        case .file(let tokens): tokens.replacement(for: rejected.token).map { credentials(ofToken: $0) }
        case .exec(let plugin): credentials(of: try await plugin.replacement(for: rejected.issue))
        }
    }

    /// The client certificate that a plugin has handed out last, with a number that changes when it does.
    var certificate: (number: Int, certificate: ExecCredential.Certificate)? {
        guard case .exec(let plugin) = source, let last = plugin.last else { return nil }
        return last.credential.certificate.map { (last.number, $0) }
    }

    private func credentials(_ header: String?) -> Credentials {
        Credentials(headers: (header.map { [Header(name: "Authorization", value: $0)] } ?? []) + impersonation)
    }

    private func credentials(ofToken token: String?) -> Credentials {
        var credentials = credentials(token.map { "Bearer \($0)" })
        credentials.token = token
        return credentials
    }

    private func credentials(of issue: ExecCredentialSource.Issue) -> Credentials {
        var credentials = credentials(ofToken: issue.credential.token)
        credentials.issue = issue.number
        return credentials
    }
}

extension ClusterAccess.Impersonation {
    /// Kubernetes documentation, "User impersonation": keys of `extra` are percent-encoded, as they stand in a name.
    fileprivate var headers: [Authorization.Header] {
        var headers = [Authorization.Header(name: "Impersonate-User", value: user)]
        if let uid { headers.append(Authorization.Header(name: "Impersonate-Uid", value: uid)) }
        headers += groups.map { Authorization.Header(name: "Impersonate-Group", value: $0) }
        for (key, values) in extra.sorted(by: { $0.key < $1.key }) {
            headers += values.map {
                Authorization.Header(name: "Impersonate-Extra-\(percentEncoded(key))", value: $0)
            }
        }
        return headers
    }
}
