import HTTPClient
import Synchronization
import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(1))) struct ExecCredentialSourceTests {
    /// A plugin whose answers are written down, and a wall clock.
    private final class Script: Sendable {
        private struct State {
            var answers: [Result<String, ExecFailure>]
            var runs = 0
            var now: Int64 = 1_000
        }

        private let state: Mutex<State>

        init(_ answers: [Result<String, ExecFailure>]) {
            state = Mutex(State(answers: answers))
        }

        var runs: Int { state.withLock { $0.runs } }

        /// Seconds since 1970.
        var now: Int64 {
            get { state.withLock { $0.now } }
            set { state.withLock { $0.now = newValue } }
        }

        func source(installHint: String? = nil) -> ExecCredentialSource {
            var plugin = ExecPlugin(command: "aws", place: "/config:3: users[ci].user.exec")
            plugin.installHint = installHint
            return ExecCredentialSource(plugin) { _ throws(ExecFailure) in
                let answer = self.state.withLock { state in
                    state.runs += 1
                    return state.answers.isEmpty
                        ? .failure(ExecFailure("the script is at its end")) : state.answers.removeFirst()
                }
                // Others come while it runs.
                await Task.yield()
                return Array(try answer.get().utf8)
            } now: {
                KubernetesTime(unixNanoseconds: self.now * 1_000_000_000)
            }
        }
    }

    private static func answer(_ status: String, version: String = "client.authentication.k8s.io/v1") -> String {
        #"{"apiVersion":"\#(version)","kind":"ExecCredential","status":{\#(status)}}"#
    }

    @Test func credentialsAreKeptUntilTheyRunOut() async throws {
        let script = Script([
            .success(Self.answer(#""token":"one","expirationTimestamp":"1970-01-01T00:20:00Z""#)),
            .success(Self.answer(#""token":"two""#)),
        ])
        let source = script.source()
        #expect(try await source.current().credential.token == "one")
        script.now = 1_199
        #expect(try await source.current().credential.token == "one")
        #expect(script.runs == 1)
        script.now = 1_200
        #expect(try await source.current().credential.token == "two")
        script.now = 1_000_000
        #expect(try await source.current().credential.token == "two")
        #expect(script.runs == 2)
    }

    @Test func rejectedCredentialsAreReplacedOnceForAllWhoAsk() async throws {
        let script = Script([.success(Self.answer(#""token":"one""#)), .success(Self.answer(#""token":"two""#))])
        let source = script.source()
        let first = try await source.current()
        let issues = try await withThrowingTaskGroup(of: ExecCredentialSource.Issue.self) { group in
            for _ in 0..<5 { group.addTask { try await source.replacement(for: first.number) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(issues.map(\.credential.token)) == ["two"])
        #expect(script.runs == 2)
    }

    @Test func aCertificateIsHandedOn() async throws {
        let script = Script([.success(Self.answer(#""clientCertificateData":"CRT","clientKeyData":"KEY""#))])
        let source = script.source()
        #expect(source.last == nil)
        let issue = try await source.current()
        let certificate = ExecCredential.Certificate(certificate: Array("CRT".utf8), key: Array("KEY".utf8))
        #expect(issue.credential == ExecCredential(certificate: certificate))
        #expect(source.last == issue)
    }

    @Test(
        "what a plugin can do wrong",
        arguments: [
            (.success("rubbish"), "its output is not an ExecCredential in JSON"),
            (.success(#"{"kind":"Pod"}"#), "its output is of kind 'Pod', ExecCredential is expected"),
            (
                .success(answer("", version: "client.authentication.k8s.io/v1beta1")),
                "its output is of apiVersion 'client.authentication.k8s.io/v1beta1'"
            ),
            (
                .success(#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}"#),
                "its output has no status"
            ),
            (.success(answer("")), "its output has neither a token nor a client certificate"),
            (.success(answer(#""clientCertificateData":"x""#)), "clientCertificateData without clientKeyData"),
            (.success(answer(#""clientKeyData":"x""#)), "clientKeyData without clientCertificateData"),
            (
                .success(answer(#""token":"t","expirationTimestamp":"1970-01-01T00:10:00Z""#)),
                "its credentials have run out already; check the clocks"
            ),
            (.success(answer(#""token":"t","expirationTimestamp":"soon""#)), "expirationTimestamp"),
            (.failure(ExecFailure("exit code 1: no session")), "exit code 1: no session"),
            (.failure(ExecFailure("not found", isMissing: true)), "not found; install it first"),
        ] as [(Result<String, ExecFailure>, String)]
    )
    func problems(answer: Result<String, ExecFailure>, message: String) async throws {
        let source = Script([answer, .success(Self.answer(#""token":"t""#))]).source(installHint: "install it first\n")
        let error = await #expect(throws: KubernetesError.self) { try await source.current() }
        let text = error?.message ?? ""
        #expect(text.hasPrefix("/config:3: users[ci].user.exec: the credential plugin 'aws': "), "\(text)")
        #expect(text.contains(message), "\(text)")
        #expect(text.contains("install it first") == message.contains("install it first"), "\(text)")
        #expect(error?.kind == .unauthorized)
        // Asked once more, it is run once more.
        #expect(try await source.current().credential.token == "t")
    }

    @Test func requestsCarryTheTokenAndA401AsksForAnother() async throws {
        let script = """
            echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$TOKEN-$$'"}}'
            """
        var plugin = ExecPlugin(command: "/bin/sh")
        plugin.arguments = ["-c", script]
        plugin.environment = ["TOKEN": "secret"]
        var access = ClusterAccess(server: "http://api")
        access.credentials = .exec(plugin)
        let transport = ScriptedTransport([
            .response(200, #"{"versions":[{"version":"v1"}]}"#),
            .response(401, ""), .response(200, #"{"versions":[{"version":"v1"}]}"#),
        ])
        let client = testClient(transport, access)
        for _ in 0..<2 { _ = try await client.preferredVersion(of: Build.resource) }
        let tokens = transport.requests.map { $0.headers.first { $0.name == "Authorization" }?.value ?? "" }
        #expect(tokens.allSatisfy { $0.hasPrefix("Bearer secret-") }, "\(tokens)")
        #expect(tokens[0] == tokens[1])
        #expect(tokens[1] != tokens[2])
    }
}
