import Collector
import FoundationEssentials
import Testing

@testable import Components

@Suite struct AuthenticationTests {
    let context = TestContext()

    func node(_ yaml: String) throws -> ConfigNode { try YAMLText.parse(yaml, source: "test") }

    func basic(_ yaml: String) throws -> BasicAuthServer {
        let configuration = try configuration(BasicAuthConfiguration.self, node(yaml))
        guard case .server(let server) = configuration.role else { throw TestError.notAServer }
        return try BasicAuthServer(server, context: context.component("basicauth"), interval: .milliseconds(5))
    }

    func bearer(_ yaml: String) throws -> BearerTokenAuthExtension {
        try BearerTokenAuthExtension(
            configuration(BearerTokenAuthConfiguration.self, node(yaml)),
            context: context.component("bearertokenauth"),
            interval: .milliseconds(5)
        )
    }

    enum TestError: Error { case notAServer }

    func error(_ authenticator: any ServerAuthenticator, _ headers: [String: String]) async -> AuthenticationError? {
        switch authenticator.authenticate({ headers[$0] }) {
        case .accepted: nil
        case .refused(let error): error
        case .pending(let check):
            await withCheckedContinuation { continuation in check { continuation.resume(returning: $0) } }
        }
    }

    func refusal(_ authenticator: any ServerAuthenticator, _ headers: [String: String]) async -> String? {
        await error(authenticator, headers)?.description
    }

    func value(_ text: String) -> String { "Basic " + Data(text.utf8).base64EncodedString() }

    /// Runs `body` with a file in a directory of its own.
    func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "auth-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "file").path
        try Data(text.utf8).write(to: URL(filePath: path))
        try await body(path)
    }

    @Test func basicAuthTakesTheRightPasswordOnly() async throws {
        let server = try basic("{htpasswd: {inline: 'alice:secret'}}")
        for _ in 0..<2 {
            #expect(await refusal(server, ["Authorization": value("alice:secret")]) == nil)
            #expect(await refusal(server, ["Authorization": value("alice:wrong")]) == "invalid credentials")
            #expect(await refusal(server, ["Authorization": value("bob:secret")]) == "invalid credentials")
        }
        #expect(await refusal(server, [:]) == "no basic auth provided")
        #expect(await refusal(server, ["Authorization": "Bearer x"]) == "invalid authorization scheme prefix")
        #expect(await refusal(server, ["Authorization": "Basic !"]) == "invalid authorization format")
        #expect(server.challenge == "Basic realm=\"steptrace\"")
    }

    /// Of the password `secret`, with the cost 12.
    static let bcrypt = "$2b$12$abcdefghijklmnopqrstuuT1Iwu6o8Wx7BoOyIMHfgVJq6JO/IJhW"

    @Test func slowHashesAreCheckedBesideTheEventLoopOnceForAllWhoWait() async throws {
        let server = try basic("{htpasswd: {inline: 'alice:\(Self.bcrypt)'}}")
        let headers = ["Authorization": value("alice:secret")]
        // That they share one check is told by the test of PendingChecks, which needs no clock.
        await withTaskGroup(of: String?.self) { tasks in
            for _ in 0..<200 { tasks.addTask { await refusal(server, headers) } }
            for await refusal in tasks { #expect(refusal == nil) }
        }
        guard case .accepted = server.authenticate({ headers[$0] }) else {
            Issue.record("a login that was right is checked again")
            return
        }
        #expect(await refusal(server, ["Authorization": value("alice:wrong")]) == "invalid credentials")
        // Another server: this one checks no wrong login so soon after the last.
        let other = try basic("{htpasswd: {inline: 'alice:\(Self.bcrypt)'}}")
        #expect(await refusal(other, ["Authorization": value("bob:secret")]) == "invalid credentials")
    }

    @Test func guessingIsHeldBackAndThoseWhoAreKnownAreNot() async throws {
        // Dear enough for the checks that are admitted at once to use up the second that there is in reserve.
        let bcrypt = "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u"
        let server = try basic("{htpasswd: {inline: 'alice:\(bcrypt)'}}")
        #expect(await refusal(server, ["Authorization": value("alice:secret")]) == nil)
        var errors: [AuthenticationError?] = []
        await withTaskGroup(of: AuthenticationError?.self) { tasks in
            for number in 0..<200 {
                tasks.addTask { await error(server, ["Authorization": value("alice:\(number)")]) }
            }
            for await error in tasks { errors.append(error) }
        }
        #expect(!errors.contains(nil))
        let checked = errors.count { $0?.isTemporary == false }
        #expect((1...100).contains(checked), "\(checked)")
        #expect(await refusal(server, ["Authorization": value("alice:secret")]) == nil)
    }

    @Test func checksAreBoundedAndEachLoginIsCheckedOnce() {
        var checks = PendingChecks<Int>()
        func login(_ number: Int) -> SecretDigest { SecretDigest("\(number)".utf8) }
        for number in 0..<PendingChecks<Int>.maximumLogins {
            #expect(checks.add(login(number), number) == .first)
            #expect(checks.add(login(number), -number) == .joined)
        }
        #expect(checks.add(login(-1), 0) == .full)
        #expect(checks.finish(login(5)) == [5, -5])
        #expect(checks.finish(login(5)) == [])
        #expect(checks.add(login(-1), 0) == .first)
    }

    @Test func aChangedFileCountsWithoutARestart() async throws {
        try await withFile("alice:secret") { path in
            let server = try basic("{htpasswd: {file: '\(path)'}}")
            try await withRunning(server) {
                #expect(await refusal(server, ["Authorization": value("alice:secret")]) == nil)
                try Data("alice:changed".utf8).write(to: URL(filePath: path), options: .atomic)
                _ = await context.log("Read the users again")
                #expect(await refusal(server, ["Authorization": value("alice:secret")]) != nil)
                #expect(await refusal(server, ["Authorization": value("alice:changed")]) == nil)
                try Data("nonsense".utf8).write(to: URL(filePath: path), options: .atomic)
                let entry = await context.log("Keeping the users there are")
                #expect(entry.metadata["error"]?.contains("nonsense") == false)
                #expect(await refusal(server, ["Authorization": value("alice:changed")]) == nil)
            }
        }
    }

    @Test func exportersLogInWithWhatIsInTheFiles() async throws {
        try await withFile("old\n") { path in
            let configuration = try configuration(
                BasicAuthConfiguration.self,
                node("{client_auth: {username: alice, password_file: '\(path)'}}")
            )
            guard case .client(let client) = configuration.role else { throw TestError.notAServer }
            let authenticator = try BasicAuthClient(
                client,
                context: context.component("basicauth"),
                interval: .milliseconds(5)
            )
            try await withRunning(authenticator) {
                #expect(try authenticator.credentials().map(\.value) == [value("alice:old")])
                try Data("new\n".utf8).write(to: URL(filePath: path), options: .atomic)
                _ = await context.log("Read the credentials again")
                #expect(try authenticator.credentials().map(\.value) == [value("alice:new")])
            }
        }
    }

    @Test(arguments: [
        ("{}", "no credential source provided"),
        ("{htpasswd: {}}", "no credential source provided"),
        ("{htpasswd: {inline: 'a:b'}, client_auth: {username: a}}", "only one of `htpasswd` or `client_auth`"),
    ])
    func contradictionsInBasicAuthAreErrors(yaml: String, message: String) throws {
        let error = #expect(throws: ConfigError.self) { try configuration(BasicAuthConfiguration.self, node(yaml)) }
        #expect(error?.message.contains(message) == true)
    }

    @Test func bearerTokensAreCompared() async throws {
        let server = try bearer("{tokens: [one, two]}")
        for token in ["one", "two"] { #expect(await refusal(server, ["Authorization": "Bearer \(token)"]) == nil) }
        #expect(await refusal(server, [:]) == "missing or empty authorization header: Authorization")
        for text in ["Bearer three", "Bearer on", "one", "bearer one", "Basic one"] {
            let message = "provided authorization does not match expected scheme or token"
            #expect(await refusal(server, ["Authorization": text]) == message)
        }
        #expect(try server.credentials().map(\.value) == ["Bearer one"])
    }

    @Test func headerAndSchemeOfATokenCanBeChosen() async throws {
        let server = try bearer("{token: one, header: X-Api-Key, scheme: ''}")
        #expect(await refusal(server, ["X-Api-Key": "one"]) == nil)
        #expect(try server.credentials().map(\.name) == ["X-Api-Key"])
    }

    @Test func aChangedFileOfTokensCounts() async throws {
        try await withFile("one\n\ntwo\n") { path in
            let server = try bearer("{filename: '\(path)'}")
            try await withRunning(server) {
                #expect(await refusal(server, ["Authorization": "Bearer two"]) == nil)
                try Data("three".utf8).write(to: URL(filePath: path), options: .atomic)
                _ = await context.log("Read the tokens again")
                #expect(await refusal(server, ["Authorization": "Bearer two"]) != nil)
                #expect(await refusal(server, ["Authorization": "Bearer three"]) == nil)
            }
        }
    }

    @Test(arguments: [
        ("{}", "no bearer token provided"),
        ("{token: a, tokens: [b]}", "either tokens or token should be provided, not both"),
    ])
    func contradictionsInBearerTokenAuthAreErrors(yaml: String, message: String) throws {
        let error = #expect(throws: ConfigError.self) {
            try configuration(BearerTokenAuthConfiguration.self, node(yaml))
        }
        #expect(error?.message.contains(message) == true)
    }

    @Test func secretsAreMarked() {
        let keys = ComponentRegistry.factories.flatMap { $0.configuration.options }.filter(\.isSecret).map(\.key)
        for key in ["htpasswd.inline", "client_auth.password", "token", "tokens", "headers", "tls.key_pem"] {
            #expect(keys.contains(key), "\(key)")
        }
    }
}
