import HTTPClient
import Testing

@testable import Kubernetes

/// Streaming lists as they come over the wire.
@Suite(.timeLimit(.minutes(1))) struct ReflectorStreamTests {
    private static let configuration = ReflectorStateMachine.Configuration(streamsLists: true)
    private static let path = "/apis/test.dev/v1/builds?"

    private static func line(_ type: String, _ object: String) -> [UInt8] {
        Array((#"{"type":"\#(type)","object":\#(object)}"# + "\n").utf8)
    }

    private static func end(at version: String) -> [UInt8] {
        line(
            "BOOKMARK",
            #"{"kind":"Build","metadata":{"resourceVersion":"\#(version)","creationTimestamp":null,"#
                + #""annotations":{"k8s.io/initial-events-end":"true"}}}"#
        )
    }

    private func harness(_ script: [ScriptedTransport.Answer]) -> ReflectorHarness {
        ReflectorHarness(script, configuration: Self.configuration)
    }

    @Test func followsFromTheFirstRequestOn() async {
        let harness = harness([
            .hanging([
                Self.line("ADDED", Build.json("a", version: "5")), Self.line("ADDED", Build.json("b", version: "3")),
                Self.end(at: "10"), Self.line("MODIFIED", Build.json("a", version: "11")),
            ])
        ])
        #expect(await harness.events(4) == ["applied a@5", "applied b@3", "synced", "applied a@11"])
        let targets = harness.transport.targets
        #expect(targets.count == 2)
        #expect(targets[1].hasPrefix(Self.path + "watch=1&resourceVersion=&allowWatchBookmarks=true&timeoutSeconds="))
        #expect(targets[1].hasSuffix("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"))
        #expect(harness.statistics.snapshot.lists == 1)
        #expect(harness.statistics.snapshot.isFollowing)
    }

    @Test func goesOnWithoutInitialEventsWhereItWas() async {
        let harness = harness([
            .stream([Self.end(at: "10"), Self.line("ADDED", Build.json("a", version: "11"))]),
            .hanging([Self.line("DELETED", Build.json("a", version: "12"))]),
        ])
        #expect(await harness.events(3) == ["synced", "applied a@11", "deleted ci/a@12"])
        #expect(harness.transport.targets[2].contains("resourceVersion=11&"))
        #expect(!harness.transport.targets[2].contains("sendInitialEvents"))
    }

    @Test func aServerWithoutTheFeatureIsAskedForAListInTheSameMoment() async {
        let harness = harness([
            .response(422, #"{"kind":"Status","code":422,"reason":"Invalid","message":"is forbidden for watch"}"#),
            .response(200, #"{"metadata":{"resourceVersion":"10"},"items":[\#(Build.json("a", version: "5"))]}"#),
            .hanging([Self.line("MODIFIED", Build.json("a", version: "11"))]),
        ])
        #expect(await harness.events(3) == ["applied a@5", "synced", "applied a@11"])
        #expect(harness.transport.targets[2] == Self.path + "limit=500&resourceVersion=0")
        #expect(harness.waits.values.isEmpty)
        #expect(harness.statistics.snapshot.lists == 1)
        #expect(
            harness.log.lines == [
                "info: The API server does not stream lists; they are asked for in pages "
                    + "reason=WATCH /apis/test.dev/v1/builds: 422 is forbidden for watch resource=builds.test.dev"
            ]
        )
    }

    @Test("an answer that is cut anywhere is no list", arguments: [0, 1, 40, 200])
    func cut(length: Int) async {
        let text = Self.line("ADDED", Build.json("a", version: "5"))
        let harness = harness([
            .lost([Array(text.prefix(length))]),
            .response(200, #"{"metadata":{"resourceVersion":"10"},"items":[]}"#),
            .hanging([]),
        ])
        #expect(await harness.events(3) == ["failed transport", "synced", "recovered"])
    }

    @Test func silenceBeforeTheEndOfTheInitialEventsIsFollowedByAList() async {
        let harness = harness([
            .silent([Self.line("ADDED", Build.json("a", version: "5"))]),
            .response(200, #"{"metadata":{"resourceVersion":"10"},"items":[]}"#),
            .hanging([]),
        ])
        #expect(await harness.events(3) == ["applied a@5", "deleted ci/a", "synced"])
        #expect(harness.log.lines.count == 1)
    }

    @Test func initialEventsWithoutEndAreFollowedByAList() async {
        var configuration = Self.configuration
        configuration.longestInitialEvents = .zero
        let harness = ReflectorHarness(
            [
                .hanging([Self.line("ADDED", Build.json("a", version: "5"))]),
                .response(200, #"{"metadata":{"resourceVersion":"10"},"items":[]}"#),
                .hanging([]),
            ],
            configuration: configuration
        )
        #expect(await harness.events(3) == ["applied a@5", "deleted ci/a", "synced"])
    }

    @Test("errors in the stream", arguments: [(410, true), (504, true), (429, true), (500, false)])
    func errors(code: Int, isStreamedAgain: Bool) async {
        let message = code == 504 ? "Timeout: Too large resource version: 12, current: 10" : "no"
        let status = #"{"kind":"Status","code":\#(code),"message":"\#(message)","metadata":{}}"#
        let harness = harness([.stream([Self.line("ERROR", status)])])
        let task = Task { await harness.reflector.run() }
        while harness.transport.requests.count < 3 { await Task.yield() }
        task.cancel()
        await task.value
        let target = harness.transport.targets[2]
        #expect(target.contains("sendInitialEvents=true") == isStreamedAgain, "\(target)")
        #expect(target.contains("limit=500") == !isStreamedAgain, "\(target)")
    }
}
