import HTTPClient
import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(1))) struct KubernetesClientTests {
    private func header(_ name: String, of request: HTTPClientRequest) -> String? {
        request.headers.first { $0.name == name }?.value
    }

    @Test(
        "the first preferred version that is served is taken, the first of all when discovery does not say",
        arguments: [
            (.response(200, #"{"versions":[{"version":"v1"},{"version":"v2"}]}"#), "v1"),
            (.response(200, #"{"versions":[{"version":"v1beta1"},{"version":"v1alpha1"}]}"#), "v1beta1"),
            (.response(403, ""), "v1"),
            (.response(404, ""), "v1"),
        ] as [(ScriptedTransport.Answer, String)]
    )
    func discovery(answer: ScriptedTransport.Answer, version: String) async throws {
        let transport = ScriptedTransport([answer])
        #expect(try await testClient(transport).preferredVersion(of: Build.resource) == version)
        #expect(transport.targets == ["/apis/test.dev"])
    }

    @Test(
        "of several versions the first that has the resource is taken",
        arguments: [
            ([#"[{"name":"tasks"},{"name":"builds"}]"#], "v1"),
            ([#"[{"name":"tasks"},{"name":"builds/status"}]"#, #"[{"name":"builds"}]"#], "v1beta1"),
            (["[]", "[]"], "v1"),
        ]
    )
    func severalVersions(resources: [String], version: String) async throws {
        let group = ScriptedTransport.Answer.response(200, #"{"versions":[{"version":"v1beta1"},{"version":"v1"}]}"#)
        let transport = ScriptedTransport([group] + resources.map { .response(200, #"{"resources":\#($0)}"#) })
        #expect(try await testClient(transport).preferredVersion(of: Build.resource) == version)
        let paths = ["/apis/test.dev", "/apis/test.dev/v1", "/apis/test.dev/v1beta1"]
        #expect(transport.targets == Array(paths.prefix(1 + resources.count)))
    }

    @Test func ofSeveralVersionsTheFirstIsTakenWhenTheServerDoesNotTellMore() async throws {
        let group = ScriptedTransport.Answer.response(200, #"{"versions":[{"version":"v1"},{"version":"v1beta1"}]}"#)
        let transport = ScriptedTransport([group, .response(403, ""), .response(404, "")])
        #expect(try await testClient(transport).preferredVersion(of: Build.resource) == "v1")
        let unreachable = testClient(ScriptedTransport([group, .failure(HTTPClientError(.connect, "refused"))]))
        let error = await #expect(throws: KubernetesError.self) {
            _ = try await unreachable.preferredVersion(of: Build.resource)
        }
        #expect(error?.kind == .connect)
    }

    @Test func discoveryFailsWhenNothingFitsOrNobodyAnswers() async {
        let client = testClient(
            ScriptedTransport([
                .response(200, #"{"versions":[{"version":"v3"},{"version":"v2"}]}"#),
                .response(200, "{}"),
                .failure(HTTPClientError(.connect, "refused")),
            ])
        )
        var errors: [KubernetesError] = []
        for _ in 0..<3 {
            do {
                _ = try await client.preferredVersion(of: Build.resource)
            } catch {
                errors.append(error)
            }
        }
        #expect(errors.map(\.kind) == [.notFound, .decoding, .connect])
        #expect(errors.first?.message == "the cluster serves builds.test.dev as v3, v2; one of v1, v1beta1 is needed")
        #expect(errors.last?.message == "cannot reach the API server at http://api: refused")
    }

    @Test func theCoreGroupNeedsNoDiscovery() async throws {
        let transport = ScriptedTransport([])
        let pods = APIResource(group: "", versions: ["v1"], plural: "pods")
        #expect(try await testClient(transport).preferredVersion(of: pods) == "v1")
        #expect(transport.requests.isEmpty)
        #expect(pods.path(version: "v1", namespace: nil) == "/api/v1/pods")
        #expect(pods.path(version: "v1", namespace: "ci") == "/api/v1/namespaces/ci/pods")
    }

    @Test(
        "requests carry the credentials",
        arguments: [
            (.none, nil), (.token("t"), "Bearer t"), (.basic(username: "u", password: "p:"), "Basic dTpwOg=="),
            (.tokenFile("/token"), "Bearer f"),
        ] as [(ClusterAccess.Credentials, String?)]
    )
    func credentials(credentials: ClusterAccess.Credentials, expected: String?) async throws {
        let transport = ScriptedTransport([.response(404, "")])
        let client = testClient(transport, credentials: credentials, files: TestFiles(["/token": "f\n"]))
        _ = try await client.preferredVersion(of: Build.resource)
        let request = try #require(transport.requests.first)
        #expect(header("Authorization", of: request) == expected)
        #expect(header("Accept", of: request) == "application/json")
        #expect(header("User-Agent", of: request) == "steptrace/test")
    }

    @Test func anImpersonationGoesWithEveryRequest() async throws {
        let transport = ScriptedTransport([.response(404, "")])
        var access = ClusterAccess(server: "http://api")
        access.credentials = .token("t")
        var impersonation = ClusterAccess.Impersonation(user: "jane")
        impersonation.uid = "7"
        impersonation.groups = ["dev", "admin"]
        impersonation.extra = ["acme.com/project": ["a", "b"], "scopes": ["view"]]
        access.impersonation = impersonation
        _ = try await testClient(transport, access).preferredVersion(of: Build.resource)
        let headers = try #require(transport.requests.first).headers.dropFirst(2).map { "\($0.name): \($0.value)" }
        #expect(
            headers == [
                "Authorization: Bearer t", "Impersonate-User: jane", "Impersonate-Uid: 7", "Impersonate-Group: dev",
                "Impersonate-Group: admin", "Impersonate-Extra-acme.com%2Fproject: a",
                "Impersonate-Extra-acme.com%2Fproject: b", "Impersonate-Extra-scopes: view",
            ]
        )
    }

    @Test func a401IsTriedAgainOnceWithTheTokenOfTheFile() async throws {
        let files = TestFiles(["/token": "old"])
        let transport = ScriptedTransport([
            .response(200, #"{"versions":[{"version":"v1"}]}"#),
            .response(401, ""), .response(200, #"{"versions":[{"version":"v1"}]}"#),
            .response(401, ""), .stream([]),
            .response(401, #"{"message":"Unauthorized"}"#),
        ])
        let client = testClient(transport, credentials: .tokenFile("/token"), files: files)
        _ = try await client.preferredVersion(of: Build.resource)
        files["/token"] = "new"
        _ = try await client.preferredVersion(of: Build.resource)
        files["/token"] = "newer"
        let request = ReflectorStateMachine.WatchRequest(resourceVersion: "1", timeoutSeconds: 300)
        let stream = try await client.watch(Build.resource, version: "v1", ObjectSelection(), request)
        #expect(stream.status == 200)
        // Nothing new in the file: no second try.
        let error = await #expect(throws: KubernetesError.self) {
            try await client.watch(Build.resource, version: "v1", ObjectSelection(), request)
        }
        #expect(error?.kind == .unauthorized)
        let tokens = transport.requests.map { header("Authorization", of: $0) }
        #expect(
            tokens == ["Bearer old", "Bearer old", "Bearer new", "Bearer new", "Bearer newer", "Bearer newer"]
        )
    }

    @Test func watchesAreGivenUpWhenTheySayNothingForTooLong() async throws {
        let transport = ScriptedTransport([.stream([])])
        let request = ReflectorStateMachine.WatchRequest(
            resourceVersion: "1",
            timeoutSeconds: 300,
            longestSilence: .seconds(90)
        )
        _ = try await testClient(transport).watch(Build.resource, version: "v1", ObjectSelection(), request)
        #expect(transport.requests.first?.timeout == nil)
        #expect(transport.requests.first?.idleTimeout == .seconds(90))
        let query = "watch=1&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=300"
        #expect(transport.targets == ["/apis/test.dev/v1/builds?\(query)"])
    }

    @Test func aStreamingListIsAWatchThatBeginsWithWhatThereIs() async throws {
        let transport = ScriptedTransport([.stream([])])
        let request = ReflectorStateMachine.WatchRequest(
            resourceVersion: "",
            sendsInitialEvents: true,
            timeoutSeconds: 300,
            longestSilence: .seconds(90)
        )
        _ = try await testClient(transport).watch(Build.resource, version: "v1", ObjectSelection(), request)
        let query =
            "watch=1&resourceVersion=&allowWatchBookmarks=true&timeoutSeconds=300&sendInitialEvents=true"
            + "&resourceVersionMatch=NotOlderThan"
        #expect(transport.targets == ["/apis/test.dev/v1/builds?\(query)"])
    }

    @Test func aRefusedWatchIsReadOnlyInPart() async {
        let transport = ScriptedTransport([.response(403, String(repeating: "no ", count: 100_000))])
        let request = ReflectorStateMachine.WatchRequest(resourceVersion: "1", timeoutSeconds: 300)
        let error = await #expect(throws: KubernetesError.self) {
            try await testClient(transport).watch(Build.resource, version: "v1", ObjectSelection(), request)
        }
        #expect(error?.kind == .forbidden)
        #expect(error.map { $0.message.utf8.count < 400 } == true)
    }
}
