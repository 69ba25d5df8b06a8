import HTTPClient
import Testing

@testable import Replay

/// What clients may rely on, as the Kubernetes documentation has it ("Kubernetes API Concepts").
@Suite("The replaying API server's resource versions, pages and watches")
struct APISemanticsTests {
    private let client: APIClient

    init() throws {
        client = try APIClient()
    }

    /// With pods a to e, at resource version 6.
    private func withServer(_ body: (ReplayAPIServer, _ pods: String) async throws -> Void) async throws {
        try await ReplayAPIServer([]).run { server in
            for name in ["a", "b", "c", "d", "e"] { try server.pod(.added, name) }
            try await body(server, server.url(.pods))
        }
    }

    // MARK: - Lists

    @Test("a list that may be old comes in one piece from the watch cache, in pages without one")
    func anyVersion() async throws {
        try await withServer { server, pods in
            let whole = try await client.list(pods + "?limit=2&resourceVersion=0")
            #expect(whole.names == ["a", "b", "c", "d", "e"])
            #expect(whole.metadata.continue == nil)
            server.traits.hasWatchCache = false
            let page = try await client.list(pods + "?limit=2&resourceVersion=0")
            #expect(page.names == ["a", "b"])
            #expect(page.metadata.remainingItemCount == 3)
        }
    }

    @Test("a version is the least that a list shows, with a limit or a match exactly what it shows")
    func versions() async throws {
        try await withServer { server, pods in
            try server.pod(.deleted, "e")
            #expect(try await client.list(pods + "?resourceVersion=4").names == ["a", "b", "c", "d"])
            let atLeast = try await client.list(pods + "?resourceVersion=4&resourceVersionMatch=NotOlderThan&limit=9")
            #expect(atLeast.metadata.resourceVersion == "7")
            let exact = try await client.list(pods + "?resourceVersion=4&resourceVersionMatch=Exact")
            #expect(exact.names == ["a", "b", "c"])
            #expect(exact.metadata.resourceVersion == "4")
            #expect(try await client.list(pods + "?resourceVersion=4&limit=2").metadata.remainingItemCount == 1)
            #expect(try await client.list(pods + "?labelSelector=!x&limit=2").metadata.remainingItemCount == nil)
            let future = try await client.status(pods + "?resourceVersion=8")
            #expect(future.code == 504)
            #expect(future.details?.causes?.map(\.reason) == ["ResourceVersionTooLarge"])
            #expect(future.details?.retryAfterSeconds == 1)
            server.expire()
            #expect(try await client.status(pods + "?resourceVersion=4&limit=2").reason == "Expired")
        }
    }

    @Test("pages go on where they were, until the state is forgotten")
    func continuing() async throws {
        try await withServer { server, pods in
            let first = try await client.list(pods + "?limit=2")
            let token = try #require(first.metadata.continue).replacing("=", with: "%3D").replacing("+", with: "%2B")
            try server.pod(.deleted, "b")
            try server.pod(.added, "bb")
            let second = try await client.list(pods + "?limit=2&continue=\(token)")
            #expect(second.names == ["c", "d"])
            #expect(second.metadata.resourceVersion == first.metadata.resourceVersion)
            let rest = try await client.list(pods + "?continue=\(token)")
            #expect(rest.names == ["c", "d", "e"])
            server.expire()
            #expect(try await client.status(pods + "?limit=2&continue=\(token)").code == 410)
        }
    }

    @Test(
        "parameters that do not go together are refused",
        arguments: [
            ("resourceVersion=x", 400), ("continue=x", 400), ("resourceVersion=5&continue=x", 400),
            ("resourceVersionMatch=Exact", 422), ("resourceVersion=0&resourceVersionMatch=Exact", 422),
            ("resourceVersion=5&resourceVersionMatch=Newest", 422),
            ("watch=1&resourceVersion=x", 400), ("watch=1&resourceVersionMatch=NotOlderThan", 422),
            ("watch=1&sendInitialEvents=true", 422),
            ("watch=1&sendInitialEvents=true&resourceVersionMatch=Exact", 422),
        ]
    )
    func refused(parameters: String, code: Int) async throws {
        try await withServer { _, pods async throws in
            #expect(try await client.status(pods + "?" + parameters).code == code)
        }
    }

    @Test("a server that is behind shows what it has come to, and refuses what it has not")
    func behind() async throws {
        try await withServer { server, pods in
            server.holdCache()
            try server.pod(.added, "f")
            #expect(try await client.list(pods + "?resourceVersion=0").metadata.resourceVersion == "6")
            #expect(try await client.list(pods).metadata.resourceVersion == "7")
            #expect(try await client.status(pods + "?resourceVersion=7").code == 504)
            var watch = try await client.watch(pods + "?watch=1&resourceVersion=6")
            var later = try await client.watch(pods + "?watch=1&resourceVersion=7")
            var stream = try await client.watch(Self.streaming(pods))
            #expect(try await stream.words(9) == ["ERROR 504"])
            #expect(await server.waitUntil { $0.watchCount == 2 })
            server.releaseCache()
            try server.pod(.added, "g")
            #expect(try await watch.words(2) == ["ADDED f@7", "ADDED g@8"])
            #expect(try await later.words(1) == ["ADDED g@8"])
        }
    }

    // MARK: - Watches

    @Test("a watch ends after its time, with a bookmark when it asked for them")
    func timeout() async throws {
        try await withServer { server, pods in
            let url = pods + "?watch=1&resourceVersion=5&timeoutSeconds=1"
            var plain = try await client.watch(url)
            var marked = try await client.watch(url + "&allowWatchBookmarks=true")
            #expect(try await plain.words(9) == ["ADDED e@6"])
            #expect(try await marked.words(9) == ["ADDED e@6", "BOOKMARK @6"])
            #expect(await server.waitUntil { $0.watchCount == 0 })
        }
    }

    @Test("a server may send bookmarks with every change, also of other resources")
    func manyBookmarks() async throws {
        try await withServer { server, pods in
            server.traits.bookmarks = .always
            var watch = try await client.watch(pods + "?watch=1&resourceVersion=6&allowWatchBookmarks=true")
            #expect(await server.waitUntil { $0.watchCount == 1 })
            server.change(.added, try Fixtures.object(.taskRuns, "t"))
            try server.pod(.added, "f")
            #expect(try await watch.words(3) == ["BOOKMARK @7", "ADDED f@8", "BOOKMARK @8"])
        }
    }

    @Test("a watch from a version that is still to come is told nothing before it")
    func future() async throws {
        try await withServer { server, pods in
            var watch = try await client.watch(pods + "?watch=1&resourceVersion=8&allowWatchBookmarks=true")
            #expect(await server.waitUntil { $0.watchCount == 1 })
            server.sendBookmarks()
            for name in ["f", "g", "h"] { try server.pod(.added, name) }
            server.sendBookmarks()
            #expect(try await watch.words(2) == ["ADDED h@9", "BOOKMARK @9"])
        }
    }

    private static func streaming(_ url: String, _ more: String = "") -> String {
        url + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true" + more
    }

    @Test("a streaming list tells what there is, marks the end, goes on as a watch", arguments: ["", "0", "3", "6"])
    func streamingList(version: String) async throws {
        try await withServer { server, pods in
            try server.pod(.deleted, "e")
            var watch = try await client.watch(Self.streaming(pods, "&resourceVersion=\(version)"))
            #expect(
                try await watch.words(5) == ["ADDED a@2", "ADDED b@3", "ADDED c@4", "ADDED d@5", "BOOKMARK @7 end"]
            )
            try server.pod(.modified, "a")
            #expect(try await watch.words(1) == ["MODIFIED a@8"])
        }
    }

    @Test("one without bookmarks has no mark, one from the future is an error, and there may be none at all")
    func otherStreamingLists() async throws {
        try await withServer { server, pods in
            let unmarked = Self.streaming(pods).replacing("&allowWatchBookmarks=true", with: "")
            #expect(try await client.told(unmarked, by: server).last == "ADDED e@6")
            var future = try await client.watch(Self.streaming(pods, "&resourceVersion=7"))
            #expect(try await future.words(9) == ["ERROR 504"])
            let none = Self.streaming(pods).replacing("Events=true", with: "Events=false")
            #expect(try await client.told(none, by: server).isEmpty)
        }
    }

    @Test("servers differ in what they make of streaming lists")
    func withoutStreamingLists() async throws {
        try await withServer { server, pods async throws in
            server.traits.streamingLists = .disabled
            #expect(try await client.status(Self.streaming(pods)).code == 422)
            server.traits.streamingLists = .refused
            #expect(try await client.status(Self.streaming(pods)).code == 400)
            server.traits.streamingLists = .ignored
            #expect(try await client.told(Self.streaming(pods, "&resourceVersion=5"), by: server) == ["ADDED e@6"])
            server.traits.streamingLists = .endless
            #expect(try await client.told(Self.streaming(pods), by: server).last == "ADDED e@6")
        }
    }

    // MARK: - The whole server

    @Test("after a restart it knows its objects, but no history")
    func restart() async throws {
        try await withServer { server, pods in
            var watch = try await client.watch(pods + "?watch=1&resourceVersion=6")
            try await server.restart()
            await #expect(throws: HTTPClientError.self) { try await watch.next() }
            #expect(try await client.list(pods).names.count == 5)
            var old = try await client.watch(pods + "?watch=1&resourceVersion=5")
            #expect(try await old.words(9) == ["ERROR 410"])
            #expect(try await client.told(pods + "?watch=1&resourceVersion=6", by: server).isEmpty)
        }
    }

    @Test("from a backup it has the objects and the versions of then")
    func restore() async throws {
        try await withServer { server, pods in
            let backup = server.backup()
            try server.pod(.deleted, "a")
            try server.pod(.added, "f")
            try await server.restore(backup)
            let list = try await client.list(pods)
            #expect(list.names == ["a", "b", "c", "d", "e"])
            #expect(list.metadata.resourceVersion == "6")
            #expect(try await client.status(pods + "?resourceVersion=8").code == 504)
        }
    }
}
