import FoundationEssentials
import HTTPClient
import Testing

@testable import Replay

@Suite("The replaying API server")
struct ReplayAPIServerTests {
    private struct List: Decodable {
        struct Metadata: Decodable {
            let resourceVersion: String
            let `continue`: String?
        }

        struct Item: Decodable {
            struct Metadata: Decodable {
                let name: String
                let resourceVersion: String
            }

            let kind: String?
            let metadata: Metadata
        }

        let kind: String
        let metadata: Metadata
        let items: [Item]
    }

    private struct Event: Decodable {
        struct Object: Decodable {
            struct Metadata: Decodable {
                let name: String?
                let resourceVersion: String?
            }

            let kind: String
            let metadata: Metadata
            let code: Int?
        }

        let type: String
        let object: Object
    }

    /// The lines of a watch.
    private struct Lines {
        var iterator: HTTPClientStream.AsyncIterator
        var buffer: [UInt8] = []

        mutating func next() async throws -> Event? {
            while true {
                if let end = buffer.firstIndex(of: 0x0A) {
                    let line = Data(buffer[..<end])
                    buffer.removeSubrange(...end)
                    return try JSONDecoder().decode(Event.self, from: line)
                }
                guard let chunk = try await iterator.next() else { return nil }
                buffer += chunk
            }
        }

        mutating func next(_ count: Int) async throws -> [Event] {
            var events: [Event] = []
            while events.count < count, let event = try await next() { events.append(event) }
            return events
        }
    }

    private let client: HTTPClient

    init() throws {
        var configuration = HTTPClientConfiguration()
        configuration.proxy = ""
        client = try HTTPClient(configuration: configuration)
    }

    private func withServer(
        _ recording: String = "pipelinerun",
        token: String? = nil,
        _ body: (ReplayAPIServer) async throws -> Void
    ) async throws {
        let server = ReplayAPIServer([try Fixtures.recording(recording)], token: token)
        try await server.start()
        do {
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func get(_ url: String, token: String? = nil) async throws -> HTTPClientResponse {
        try await client.execute(
            HTTPClientRequest(method: "GET", url: url, headers: token.map { [("Authorization", "Bearer \($0)")] } ?? [])
        )
    }

    private func list(_ url: String) async throws -> List {
        let response = try await get(url)
        #expect(response.status == 200)
        return try JSONDecoder().decode(List.self, from: Data(response.body))
    }

    private func watch(_ url: String) async throws -> Lines {
        let stream = try await client.stream(HTTPClientRequest(method: "GET", url: url, timeout: nil))
        #expect(stream.status == 200)
        return Lines(iterator: stream.makeAsyncIterator())
    }

    @Test("lists grow along the recording's timeline")
    func timeline() async throws {
        try await withServer { server in
            let taskRuns = "\(server.url)/apis/tekton.dev/v1/taskruns"
            let before = try await list(taskRuns)
            #expect(before.items.isEmpty)
            #expect(before.kind == "TaskRunList")
            server.advance(to: .seconds(1))
            #expect(
                try await list(taskRuns).items.map(\.metadata.name) == ["pipelinerun-1-compile", "pipelinerun-1-lint"]
            )
            server.advanceToEnd()
            let after = try await list(taskRuns)
            #expect(after.items.count == 3)
            #expect(after.items.allSatisfy { $0.kind == "TaskRun" })
            #expect(after.metadata.resourceVersion == "129")
            let pods = try await list("\(server.url)/api/v1/namespaces/lab-pipelinerun/pods")
            #expect(pods.items.count == 3)
            #expect(pods.items.allSatisfy { $0.kind == nil })
            #expect(try await list("\(server.url)/api/v1/namespaces/elsewhere/pods").items.isEmpty)
            #expect(!server.step())
        }
    }

    @Test("labels and fields select")
    func selectors() async throws {
        try await withServer { server in
            server.advanceToEnd()
            let pods = "\(server.url)/api/v1/pods?labelSelector="
            #expect(try await list(pods + "tekton.dev/taskRun").items.count == 3)
            #expect(try await list(pods + "tekton.dev%2FtaskRun%3Dpipelinerun-1-lint").items.count == 1)
            #expect(try await list(pods + "nothing").items.isEmpty)
            let events = "\(server.url)/api/v1/events"
            let all = try await list(events).items.count
            let ofPods = try await list(events + "?fieldSelector=involvedObject.kind=Pod").items.count
            let ofTaskRuns = try await list(events + "?fieldSelector=involvedObject.kind%3DTaskRun").items.count
            #expect(ofPods > 0 && ofTaskRuns > 0 && ofPods + ofTaskRuns < all)
        }
    }

    @Test("pages hold one state of the objects, whatever happens between them")
    func pages() async throws {
        try await withServer { server in
            server.advance(to: .seconds(6))
            let pods = "\(server.url)/api/v1/events"
            let all = try await list(pods)
            var names: [String] = []
            var page = try await list(pods + "?limit=10")
            let revision = page.metadata.resourceVersion
            names += page.items.map(\.metadata.name)
            server.advanceToEnd()
            while let token = page.metadata.continue {
                #expect(page.items.count == 10)
                page = try await list(pods + "?limit=10&continue=\(token)")
                #expect(page.metadata.resourceVersion == revision)
                names += page.items.map(\.metadata.name)
            }
            #expect(names == all.items.map(\.metadata.name))
            #expect(try await get(pods + "?limit=10&continue=unknown").status == 410)
        }
    }

    @Test("a watch tells every change after its resource version once and in order, any number of watchers the same")
    func watching() async throws {
        try await withServer { server in
            server.advance(to: .zero)
            let url = "\(server.url)/apis/tekton.dev/v1/taskruns"
            let version = try await list(url).metadata.resourceVersion
            var first = try await watch(url + "?watch=1&resourceVersion=\(version)")
            var second = try await watch(url + "?watch=1&resourceVersion=\(version)")
            #expect(await server.waitUntil { $0.watchCount == 2 })
            server.advanceToEnd()
            let events = try await first.next(27)
            #expect(events.count { $0.type == "ADDED" } == 3)
            #expect(events.count { $0.type == "MODIFIED" } == 24)
            #expect(
                try await second.next(27).map(\.object.metadata.resourceVersion)
                    == events.map(\.object.metadata.resourceVersion)
            )
            var resumed = try await watch(
                url + "?watch=1&resourceVersion=\(events[20].object.metadata.resourceVersion ?? "")"
            )
            #expect(
                try await resumed.next(6).map(\.object.metadata.resourceVersion)
                    == events[21...].map(\.object.metadata.resourceVersion)
            )
        }
    }

    @Test("a watch without a resource version begins with what is there")
    func watchingFromNothing() async throws {
        try await withServer { server in
            server.advanceToEnd()
            var lines = try await watch("\(server.url)/api/v1/pods?watch=true")
            #expect(try await lines.next(3).map(\.type) == ["ADDED", "ADDED", "ADDED"])
        }
    }

    @Test("bookmarks are sent to those who asked, and can be resumed from")
    func bookmarks() async throws {
        try await withServer { server in
            let url = "\(server.url)/api/v1/pods?watch=1&resourceVersion=1"
            var asked = try await watch(url + "&allowWatchBookmarks=true")
            var notAsked = try await watch(url)
            #expect(await server.waitUntil { $0.watchCount == 2 })
            server.sendBookmarks()
            server.advance(to: .seconds(1))
            let bookmark = try #require(try await asked.next())
            #expect(bookmark.type == "BOOKMARK")
            #expect(bookmark.object.kind == "Pod")
            #expect(bookmark.object.metadata.resourceVersion == "1")
            #expect(try await notAsked.next()?.type == "ADDED")
        }
    }

    @Test("watches end cleanly, with an error, or in the middle of a line, and closed ones are forgotten")
    func endings() async throws {
        try await withServer { server in
            let url = "\(server.url)/api/v1/pods?watch=1&resourceVersion=1"
            var clean = try await watch(url)
            #expect(await server.waitUntil { $0.watchCount == 1 })
            server.endWatches()
            #expect(try await clean.next() == nil)

            var failed = try await watch(url)
            #expect(await server.waitUntil { $0.watchCount == 1 })
            server.failWatches()
            let error = try #require(try await failed.next())
            #expect(error.type == "ERROR")
            #expect(error.object.code == 410)
            #expect(try await failed.next() == nil)

            var broken = try await watch(url)
            #expect(await server.waitUntil { $0.watchCount == 1 })
            server.breakWatches()
            await #expect(throws: HTTPClientError.self) { try await broken.next() }

            do {
                let stream = try await client.stream(HTTPClientRequest(method: "GET", url: url, timeout: nil))
                #expect(stream.status == 200)
                #expect(await server.waitUntil { $0.watchCount == 1 })
            }
            #expect(await server.waitUntil { $0.watchCount == 0 })
        }
    }

    @Test("resource versions from before an expiry are answered with 410 in the watch")
    func expiry() async throws {
        try await withServer { server in
            server.advanceToEnd()
            let version = try await list("\(server.url)/api/v1/pods").metadata.resourceVersion
            server.expire()
            var lines = try await watch("\(server.url)/api/v1/pods?watch=1&resourceVersion=\(version)")
            #expect(try await lines.next()?.object.code == 410)
            #expect(try await lines.next() == nil)
        }
    }

    @Test("failures are confined to what they were meant for and to their number")
    func failures() async throws {
        try await withServer { server in
            let pods = "\(server.url)/api/v1/pods"
            server.fail(.list, .pods, with: .status(.forbidden), times: 2)
            #expect(try await get(pods).status == 403)
            #expect(try await get("\(server.url)/api/v1/events").status == 200)
            #expect(try await get(pods).status == 403)
            #expect(try await get(pods).status == 200)
            server.fail(with: .status(.tooManyRequests))
            let limited = try await get(pods)
            #expect(limited.status == 429)
            #expect(limited.header("Retry-After") == "1")
            server.recover()
            server.fail(.watch, with: .status(.internalError), times: 1)
            #expect(try await get(pods + "?watch=1").status == 500)
            server.fail(.list, with: .cutOff, times: 1)
            await #expect(throws: HTTPClientError.self) { try await self.get(pods) }
            server.fail(.list, with: .hang, times: 1)
            let hanging = Task { try await self.get(pods) }
            #expect(await server.waitUntil { $0.requests.count == 8 })
            hanging.cancel()
            #expect(try await get(pods).status == 200)
        }
    }

    @Test("it refuses connections while it is stopped, and comes back on the same port with the same objects")
    func restart() async throws {
        try await withServer { server in
            server.advanceToEnd()
            let url = server.url
            var lines = try await watch("\(url)/api/v1/pods?watch=1&resourceVersion=1")
            _ = try await lines.next(30)
            await server.stop()
            await #expect(throws: HTTPClientError.self) { try await lines.next() }
            let error = await #expect(throws: HTTPClientError.self) { try await self.get("\(url)/api/v1/pods") }
            #expect(error?.kind == .connect)
            try await server.start()
            #expect(server.url == url)
            #expect(try await list("\(url)/api/v1/pods").items.count == 3)
        }
    }

    @Test("requests without the token are refused")
    func token() async throws {
        try await withServer(token: "secret") { server in
            var statuses: [Int] = []
            for token in [nil, "wrong", "secret"] {
                statuses.append(try await get("\(server.url)/api/v1/pods", token: token).status)
            }
            #expect(statuses == [401, 401, 200])
            #expect(server.requests.map(\.authorization) == [nil, "Bearer wrong", "Bearer secret"])
        }
    }

    @Test("discovery tells of tekton.dev, or not")
    func discovery() async throws {
        try await withServer { server in
            let group = try await get("\(server.url)/apis/tekton.dev")
            #expect(String(decoding: group.body, as: UTF8.self).contains(#""groupVersion":"tekton.dev/v1""#))
            _ = try JSONDecoder().decode([String: AnyJSON].self, from: Data(group.body))
            #expect(try await get("\(server.url)/apis/tekton.dev/v1").status == 200)
            #expect(try await get("\(server.url)/version").status == 200)
            server.serveTekton(false)
            #expect(try await get("\(server.url)/apis/tekton.dev").status == 404)
            #expect(try await get("\(server.url)/apis/tekton.dev/v1/taskruns").status == 404)
            #expect(try await get("\(server.url)/api/v1/pods").status == 200)
        }
    }

    @Test("a lost object is missing from the list, without an event")
    func losing() async throws {
        try await withServer { server in
            server.advanceToEnd()
            server.lose(.pods, namespace: "lab-pipelinerun", name: "pipelinerun-1-lint-pod")
            let pods = try await list("\(server.url)/api/v1/pods").items
            #expect(pods.count == 2)
        }
    }

    @Test("played by a clock, everything happens in the end")
    func playing() async throws {
        try await withServer("invalid") { server in
            try await server.play(ReplayClock(speed: 1_000))
            #expect(try await list("\(server.url)/apis/tekton.dev/v1/taskruns").items.count == 1)
        }
    }

    /// Any JSON at all.
    private struct AnyJSON: Decodable {
        init(from decoder: any Decoder) throws {}
    }
}
