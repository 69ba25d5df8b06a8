import HTTPClient
import Testing

@testable import Replay

@Suite("What a replaying API server does wrong")
struct APIFaultTests {
    private let client: APIClient

    init() throws {
        client = try APIClient()
    }

    /// With pods a to d, at resource version 5.
    private func withServer(_ body: (ReplayAPIServer, _ pods: String) async throws -> Void) async throws {
        try await ReplayAPIServer([]).run { server in
            for name in ["a", "b", "c", "d"] { try server.pod(.added, name) }
            try await body(server, server.url(.pods))
        }
    }

    @Test(
        "an answer that is cut off anywhere is no answer for a client",
        arguments: [APIFault.Effect.drop, .dropAfterHead, .cutOff, .cutOffInChunk]
    )
    func cutAnswers(effect: APIFault.Effect) async throws {
        try await withServer { server, pods async throws in
            for place in [APIFault.Place.list, .get, .discovery] {
                server.fail(place, with: effect, times: 1)
            }
            for path in [pods, "\(server.url)/api/v1/namespaces/default/pods/a", "\(server.url)/version"] {
                await #expect(throws: HTTPClientError.self) { try await client.get(path) }
                #expect(try await client.get(path).status == 200)
            }
        }
    }

    @Test("pages can fail one by one")
    func pages() async throws {
        try await withServer { server, pods in
            server.fail(.page(2), .pods, with: .status(.expired), times: 1)
            let first = try await client.list(pods + "?limit=2")
            let next = pods + "?limit=2&continue=" + (first.metadata.continue ?? "").replacing("=", with: "%3D")
            #expect(try await client.status(next).code == 410)
            #expect(try await client.list(next).names == ["c", "d"])
        }
    }

    @Test("an answer may be cut by HTTP's own rules, empty, of another kind, or hold more than can be read")
    func wrongLists() async throws {
        try await withServer { server, pods in
            let whole = try await client.get(pods).body
            server.fail(.list, with: .truncate, times: 1)
            #expect(try await client.get(pods).body == Array(whole.prefix(whole.count / 2)))
            server.fail(.list, with: .end, times: 1)
            #expect(try await client.get(pods).body.isEmpty)
            server.fail(.list, with: .html, times: 1)
            let html = try await client.get(pods)
            #expect(html.status == 200)
            #expect(html.header("Content-Type") == "text/html")
            server.fail(.list, with: .table, times: 1)
            #expect(String(decoding: try await client.get(pods).body, as: UTF8.self).contains(#""kind":"Table""#))
            server.fail(.list, with: .unreadableObject, times: 1)
            #expect(try await client.list(pods).names == ["a", "b", "c", "d", "unreadable"])
            server.fail(.list, with: .pieces(1), times: 1)
            #expect(try await client.get(pods).body == whole)
            server.fail(.list, with: .pad(1 << 20), times: 1)
            let padded = try await client.get(pods).body
            #expect(padded.count > 4 << 20)
            #expect(try await client.list(pods).names.count == 4)
        }
    }

    @Test("429 with and without Retry-After, 401, 503: until it is told to recover")
    func statuses() async throws {
        try await withServer { server, pods async throws in
            for status in [APIStatus.unauthorized, .serviceUnavailable, .timeout, .resourceVersionTooLarge] {
                server.fail(with: .status(status))
                for _ in 0..<3 { #expect(try await client.status(pods).reason == status.reason) }
                server.recover()
            }
            var silent = APIStatus.tooManyRequests
            silent.retryAfter = nil
            server.fail(.list, with: .status(silent), times: 1)
            server.fail(.list, with: .status(.tooManyRequests), times: 1)
            #expect(try await client.get(pods).header("Retry-After") == nil)
            #expect(try await client.get(pods).header("Retry-After") == "1")
            #expect(try await client.get(pods).status == 200)
        }
    }

    private static let added = ["ADDED a@2", "ADDED b@3", "ADDED c@4", "ADDED d@5"]

    @Test("a watch fails after so many events, and the next one is well", arguments: [0, 1, 3])
    func midWatch(count: Int) async throws {
        let first = Array(Self.added.prefix(count))
        try await withServer { server, pods in
            let url = pods + "?watch=1&resourceVersion=1"
            server.fail(.event(count), .pods, with: .status(.tooManyRequests), times: 1)
            #expect(try await client.told(url, by: server) == first + ["ERROR 429"])
            server.fail(.event(count), with: .end, times: 1)
            #expect(try await client.told(url, by: server) == first)
            for effect in [APIFault.Effect.drop, .cutOff] {
                server.fail(.event(count), with: effect, times: 1)
                var cut = try await client.watch(url)
                #expect(try await cut.words(count) == first)
                await #expect(throws: HTTPClientError.self) { try await cut.next() }
            }
            server.fail(.event(count), with: .unknownEvent, times: 1)
            server.fail(.event(count), with: .unreadableObject, times: 1)
            let strange = try await client.told(url, by: server)
            #expect(strange == first + ["SOMETHING @", "ADDED unreadable@5"] + Self.added.dropFirst(count))
            server.fail(.event(count), with: .html, times: 1)
            var html = try await client.watch(url)
            #expect(try await html.words(count) == first)
            #expect(try await html.nextLine()?.starts(with: "<html>".utf8) == true)
            #expect(try await client.told(url, by: server) == Self.added)
        }
    }

    @Test("a watch that falls silent is neither told anything nor ended")
    func silence() async throws {
        try await withServer { server, pods in
            server.fail(.event(1), with: .hang, times: 1)
            let url = pods + "?watch=1&resourceVersion=4&timeoutSeconds=1&allowWatchBookmarks=1"
            var silent = try await client.watch(url)
            #expect(try await silent.words(1) == ["ADDED d@5"])
            try server.pod(.added, "e")
            server.sendBookmarks()
            // Longer than the silent one was to be.
            var well = try await client.watch(url)
            #expect(try await well.words(9) == ["ADDED d@5", "ADDED e@6", "BOOKMARK @6"])
            server.endWatches()
            #expect(await server.waitUntil { $0.watchCount == 1 })
            await server.stop()
            await #expect(throws: HTTPClientError.self) { try await silent.next() }
        }
    }

    @Test("watches can be told everything twice, in single bytes, in long lines")
    func styles() async throws {
        try await withServer { server, pods in
            let url = pods + "?watch=1&resourceVersion=3"
            server.fail(.watch, with: .repeatEvents, times: 1)
            server.fail(.watch, with: .pieces(1), times: 1)
            let told = try await client.told(url, by: server)
            #expect(told == ["ADDED c@4", "ADDED c@4", "ADDED d@5", "ADDED d@5"])
            server.fail(.watch, with: .pad(3 << 20), times: 1)
            var long = try await client.watch(url)
            let line = try await long.nextLine()
            #expect(line?.count ?? 0 > 3 << 20)
            #expect(try await long.next()?.object.metadata?.name == "d")
        }
    }

    @Test("a streaming list fails at its start, between its objects, or before its end")
    func streamingLists() async throws {
        let parameters = "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        try await withServer { server, pods in
            server.fail(.streamingList, with: .status(.forbidden), times: 1)
            server.fail(.initialEvent(2), with: .status(.expired), times: 1)
            server.fail(.initialEventsEnd, with: .end, times: 1)
            server.fail(.event(0), with: .end, times: 1)
            // An ordinary watch is not what is meant.
            #expect(try await client.open(pods + "?watch=1&resourceVersion=6").status == 200)
            #expect(try await client.status(pods + parameters).code == 403)
            var between = try await client.watch(pods + parameters)
            #expect(try await between.words(9) == ["ADDED a@2", "ADDED b@3", "ERROR 410"])
            var unfinished = try await client.watch(pods + parameters)
            #expect(try await unfinished.words(9) == ["ADDED a@2", "ADDED b@3", "ADDED c@4", "ADDED d@5"])
            server.fail(.event(0), with: .end, times: 1)
            var finished = try await client.watch(pods + parameters)
            #expect(try await finished.words(9).last == "BOOKMARK @5 end")
        }
    }

    @Test("without tekton.dev, its watches end")
    func noTekton() async throws {
        try await ReplayAPIServer([]).run { server in
            var taskRuns = try await client.watch(server.url(.taskRuns) + "?watch=1&resourceVersion=1")
            var pods = try await client.watch(server.url(.pods) + "?watch=1&resourceVersion=1")
            #expect(await server.waitUntil { $0.watchCount == 2 })
            server.serveTekton(false)
            #expect(try await taskRuns.next() == nil)
            try server.pod(.added, "a")
            #expect(try await pods.words(1) == ["ADDED a@2"])
            #expect(try await client.get(server.url(.taskRuns)).status == 404)
        }
    }
}
