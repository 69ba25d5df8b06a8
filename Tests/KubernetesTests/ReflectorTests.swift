import HTTPClient
import Testing

@testable import Kubernetes

private func event(_ type: String, _ object: String) -> String {
    #"{"type":"\#(type)","object":\#(object)}"#
}

private func list(_ objects: [String], version: String, token: String = "") -> ScriptedTransport.Answer {
    .response(
        200,
        #"{"metadata":{"resourceVersion":"\#(version)","continue":"\#(token)"},"items":[\#(objects.joined(separator: ","))]}"#
    )
}

@Suite(.timeLimit(.minutes(1))) struct ReflectorTests {
    @Test func listsWatchesAndTellsInOrder() async {
        let harness = ReflectorHarness(
            [
                list([Build.json("a", version: "5")], version: "10", token: "t/1+ ="),
                list([Build.json("b", version: "6")], version: "10"),
                .lines(
                    event("ADDED", Build.json("c", version: "11")),
                    event(
                        "BOOKMARK",
                        #"{"kind":"Build","metadata":{"resourceVersion":"13","creationTimestamp":null}}"#
                    ),
                    event("MODIFIED", Build.json("a", version: "14")),
                    event("DELETED", Build.json("b", version: "15"))
                ),
                .hanging([]),
            ],
            selection: ObjectSelection(
                namespace: "ci",
                labelSelector: "tekton.dev/taskRun,a in (b)",
                fieldSelector: "x=y"
            )
        )
        let events = await harness.events(6)
        #expect(events == ["applied a@5", "applied b@6", "synced", "applied c@11", "applied a@14", "deleted ci/b@15"])
        let path =
            "/apis/test.dev/v1/namespaces/ci/builds?labelSelector=tekton.dev%2FtaskRun%2Ca%20in%20%28b%29&fieldSelector=x%3Dy"
        let targets = harness.transport.targets
        #expect(targets[0] == "/apis/test.dev")
        #expect(targets[1] == path + "&limit=500&resourceVersion=0")
        #expect(targets[2] == path + "&limit=500&continue=t%2F1%2B%20%3D")
        #expect(targets[3].hasPrefix(path + "&watch=1&resourceVersion=10&allowWatchBookmarks=true&timeoutSeconds="))
        #expect(harness.waits.values.isEmpty)
    }

    @Test func aCleanEndIsFollowedByAWatchFromTheLastVersion() async {
        let harness = ReflectorHarness([
            list([], version: "10"),
            .lines(event("ADDED", Build.json("a", version: "11"))),
            .lines(event("MODIFIED", Build.json("a", version: "12"))),
        ])
        #expect(await harness.events(3) == ["synced", "applied a@11", "applied a@12"])
        #expect(harness.transport.targets[3].contains("&resourceVersion=11&") == true)
    }

    @Test("chunks may end anywhere", arguments: [1, 2, 3, 7, 64, 1 << 20])
    func chunks(size: Int) async {
        let text = [
            event("ADDED", Build.json("a", version: "11", padding: "b\u{fc}ro \u{1f600}")),
            event("BOOKMARK", #"{"metadata":{"resourceVersion":"12"}}"#),
            event("DELETED", Build.json("a", version: "13")),
        ].map { $0 + "\n" }.joined()
        let bytes = Array(text.utf8)
        let chunks = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        let harness = ReflectorHarness([list([], version: "10"), .hanging(chunks)])
        #expect(await harness.events(3) == ["synced", "applied a@11", "deleted ci/a@13"])
    }

    @Test func aLargeObjectInManyChunksIsRead() async {
        let line = Array(
            (event("ADDED", Build.json("a", version: "11", padding: String(repeating: "x", count: 2 << 20))) + "\n")
                .utf8
        )
        let chunks = stride(from: 0, to: line.count, by: 16384).map { Array(line[$0..<min($0 + 16384, line.count)]) }
        let harness = ReflectorHarness([list([], version: "10"), .hanging(chunks)])
        #expect(await harness.events(2) == ["synced", "applied a@11"])
    }

    @Test func anEndlessLineIsAnErrorAndFollowedByAList() async {
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        let harness = ReflectorHarness([
            list([Build.json("a", version: "1")], version: "10"),
            .hanging(Array(repeating: chunk, count: 9)),
            list([], version: "11"),
            .hanging([]),
        ])
        #expect(
            await harness.events(6)
                == ["applied a@1", "synced", "failed tooLarge", "deleted ci/a", "synced", "recovered"]
        )
        #expect(harness.transport.targets[3] == "/apis/test.dev/v1/builds?resourceVersion=10")
    }

    @Test func anErrorEventIsNoObject() async {
        let status =
            #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old","reason":"Expired","code":410}"#
        let harness = ReflectorHarness([
            list([Build.json("a", version: "1")], version: "10"),
            .lines(event("ERROR", status), event("ADDED", Build.json("never", version: "2"))),
            list([Build.json("a", version: "1")], version: "20"),
            .hanging([]),
        ])
        #expect(
            await harness.events(6) == [
                "applied a@1", "synced", "failed expired", "applied a@1", "synced", "recovered",
            ]
        )
        #expect(harness.transport.targets[3] == "/apis/test.dev/v1/builds?resourceVersion=10")
        #expect(harness.waits.values.count == 1)
    }

    @Test(
        "an ERROR event says what comes next",
        arguments: [
            (#"{"code":429,"reason":"TooManyRequests","details":{"retryAfterSeconds":7}}"#, "tooManyRequests", true),
            (#"{"code":500,"reason":"InternalError","message":"etcdserver: no leader"}"#, "server(status: 500)", true),
            (#"{"code":500,"reason":"StorageReadError","message":"corrupt object"}"#, "storageRead", false),
            (#"{"code":410,"reason":"Gone"}"#, "expired", false),
            (
                #"{"code":504,"message":"Timeout: Too large resource version: 2, current: 1"}"#,
                "resourceVersionTooLarge", false
            ),
            ("{}", "server(status: 0)", false),
        ]
    )
    func errorEvents(status: String, kind: String, isWatchedAgain: Bool) async {
        let harness = ReflectorHarness([
            list([], version: "10"), .lines(event("ERROR", status)), .hanging([]),
        ])
        #expect(await harness.events(2, requests: 4) == ["synced", "failed \(kind)"])
        let target = harness.transport.targets[3]
        #expect(target.contains("watch=1") == isWatchedAgain, "\(target)")
        #expect(target.contains("resourceVersion=10"), "\(target)")
    }

    @Test func whatBreaksOffInTheMiddleOfALineIsToldByTheNextWatch() async {
        let line = Array((event("ADDED", Build.json("a", version: "11")) + "\n").utf8)
        let harness = ReflectorHarness([
            list([], version: "10"), .lost([Array(line.prefix(100))]), .hanging([line]),
        ])
        #expect(await harness.events(4) == ["synced", "failed transport", "recovered", "applied a@11"])
        #expect(harness.transport.targets[3].contains("&resourceVersion=10&"))
    }

    @Test func aSilentWatchIsBegunAnewWithoutAList() async {
        let harness = ReflectorHarness([
            list([], version: "10"),
            .silent([Array((event("ADDED", Build.json("a", version: "11")) + "\n").utf8)]),
            .lines(event("ADDED", Build.json("b", version: "12"))),
        ])
        #expect(await harness.events(3) == ["synced", "applied a@11", "applied b@12"])
        #expect(harness.transport.targets[3].contains("?watch=1&resourceVersion=11&"))
        #expect(harness.waits.values.isEmpty)
    }

    @Test func aRefusedWatchIsToldWithItsReason() async {
        let harness = ReflectorHarness([
            list([], version: "10"),
            .response(429, #"{"kind":"Status","code":429,"message":"slow down"}"#, headers: ["Retry-After": "3"]),
            .failure(HTTPClientError(.connect, "refused")),
            .lost([Array((event("ADDED", Build.json("a", version: "11")) + "\n").utf8)]),
            .lines(event("ADDED", Build.json("b", version: "12"))),
        ])
        #expect(
            await harness.events(6)
                == ["synced", "failed tooManyRequests", "failed connect", "recovered", "applied a@11", "applied b@12"]
        )
        #expect(harness.waits.values.first.map { $0 >= .seconds(3) } == true)
        #expect(harness.transport.targets[5].contains("resourceVersion=11&"))
    }

    @Test func objectsThatCannotBeReadAreLeftOutAndLoggedOnce() async {
        let broken =
            #"{"metadata":{"name":"bad","namespace":"ci","uid":"u","resourceVersion":"11"},"spec":{"steps":"x"}}"#
        let harness = ReflectorHarness([
            list([broken, Build.json("a", version: "1"), "null"], version: "10"),
            .lines(
                event("ADDED", broken),
                event("FUTURE", "{}"),
                event("ADDED", Build.json("b", version: "12")),
                event("DELETED", broken)
            ),
            .hanging([]),
        ])
        #expect(await harness.events(4) == ["applied a@1", "synced", "applied b@12", "deleted ci/bad"])
        #expect(harness.reflector.skippedObjects == 4)
        #expect(
            harness.log.lines == [
                "warning: objects that cannot be read are left out count=1 object=ci/bad "
                    + "reason=spec.steps: is not of type Int resource=builds.test.dev"
            ]
        )
    }

    @Test func somethingElseThanAListIsNotTakenForAnEmptyOne() async {
        let harness = ReflectorHarness([
            list([Build.json("a", version: "1")], version: "10"),
            .response(403, ""),
            .response(200, #"{"kind":"Table","metadata":{"resourceVersion":"9"},"rows":[]}"#),
            .response(200, "<html>"),
            list([Build.json("a", version: "2")], version: "11"),
        ])
        #expect(
            await harness.events(7) == [
                "applied a@1", "synced", "failed forbidden", "failed decoding", "failed decoding",
                "applied a@2",
                "synced",
            ]
        )
    }

    @Test func aLineThatIsNoEventIsFollowedByAList() async {
        let harness = ReflectorHarness([
            list([], version: "10"), .lines("<html>"), list([], version: "11"), .hanging([]),
        ])
        #expect(await harness.events(4) == ["synced", "failed decoding", "synced", "recovered"])
    }

    @Test func missingResourceIsLookedUpAgain() async {
        let harness = ReflectorHarness([
            .response(404, "404 page not found\n"),
            .response(200, #"{"versions":[{"version":"v1beta1"}]}"#),
            list([], version: "10"),
        ])
        #expect(await harness.events(2) == ["failed notFound", "synced"])
        #expect(
            harness.transport.targets[2...3] == [
                "/apis/test.dev", "/apis/test.dev/v1beta1/builds?limit=500&resourceVersion=0",
            ]
        )
    }

    /// Removed, and installed again in another version: found again, and what was missed is made up for.
    @Test func aResourceThatComesAndGoesIsLookedUpAgain() async {
        let harness = ReflectorHarness([
            list([Build.json("a", version: "1")], version: "10"),
            .response(404, "404 page not found\n"),
            // No such group any more.
            .response(404, ""), .response(404, ""),
            .response(200, #"{"versions":[{"version":"v1beta1"}]}"#),
            list([Build.json("b", version: "30")], version: "31"),
            .hanging([]),
        ])
        #expect(
            await harness.events(7) == [
                "applied a@1", "synced", "failed notFound", "failed notFound", "applied b@30", "deleted ci/a", "synced",
            ]
        )
        #expect(harness.transport.targets[6] == "/apis/test.dev/v1beta1/builds?resourceVersion=10")
    }

    @Test("cancellation is no failure", arguments: [false, true])
    func cancellation(streamsLists: Bool) async {
        let script = streamsLists ? [] : [list([], version: "10")]
        let harness = ReflectorHarness(script + [.hanging([])])
        let failures = Recorder<String>()
        let reflector = Reflector<Build>(
            client: testClient(harness.transport),
            selection: ObjectSelection(),
            configuration: .init(streamsLists: streamsLists),
            sleep: { _ in },
            logger: harness.log.logger,
            handler: { if case .failed(let error, _) = $0 { failures.append("\(error)") } }
        )
        let task = Task { await reflector.run() }
        // Discovery, and the script.
        while harness.transport.requests.count < script.count + 2 { await Task.yield() }
        task.cancel()
        await task.value
        #expect(failures.values == [])
    }
}
