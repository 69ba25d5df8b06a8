import FoundationEssentials
import HTTPClient
import Testing

@testable import Replay

@Suite("The replaying API server")
struct ReplayAPIServerTests {
    private let client: APIClient

    init() throws {
        client = try APIClient()
    }

    private func withServer(
        _ recording: String = "pipelinerun",
        token: String? = nil,
        _ body: (ReplayAPIServer) async throws -> Void
    ) async throws {
        try await ReplayAPIServer([try Fixtures.recording(recording)], token: token).run(body)
    }

    @Test("lists grow along the recording's timeline")
    func timeline() async throws {
        try await withServer { server in
            let taskRuns = "\(server.url)/apis/tekton.dev/v1/taskruns"
            let before = try await client.list(taskRuns)
            #expect(before.items.isEmpty)
            #expect(before.kind == "TaskRunList")
            server.advance(to: .seconds(1))
            #expect(
                try await client.list(taskRuns).names == ["pipelinerun-1-compile", "pipelinerun-1-lint"]
            )
            server.advanceToEnd()
            let after = try await client.list(taskRuns)
            #expect(after.items.count == 3)
            #expect(after.items.allSatisfy { $0.kind == "TaskRun" })
            #expect(after.metadata.resourceVersion == "129")
            let pods = try await client.list("\(server.url)/api/v1/namespaces/lab-pipelinerun/pods")
            #expect(pods.items.count == 3)
            #expect(pods.items.allSatisfy { $0.kind == nil })
            #expect(try await client.list("\(server.url)/api/v1/namespaces/elsewhere/pods").items.isEmpty)
            #expect(!server.step())
        }
    }

    @Test("labels and fields select")
    func selectors() async throws {
        try await withServer { server in
            server.advanceToEnd()
            let pods = "\(server.url)/api/v1/pods?labelSelector="
            #expect(try await client.list(pods + "tekton.dev/taskRun").items.count == 3)
            #expect(try await client.list(pods + "tekton.dev%2FtaskRun%3Dpipelinerun-1-lint").items.count == 1)
            #expect(try await client.list(pods + "nothing").items.isEmpty)
            let events = "\(server.url)/api/v1/events"
            let all = try await client.list(events).items.count
            let ofPods = try await client.list(events + "?fieldSelector=involvedObject.kind=Pod").items.count
            let ofTaskRuns = try await client.list(events + "?fieldSelector=involvedObject.kind%3DTaskRun").items.count
            #expect(ofPods > 0 && ofTaskRuns > 0 && ofPods + ofTaskRuns < all)
        }
    }

    @Test("pages hold one state of the objects, whatever happens between them")
    func pages() async throws {
        try await withServer { server in
            server.advance(to: .seconds(6))
            let pods = "\(server.url)/api/v1/events"
            let all = try await client.list(pods)
            var names: [String] = []
            var page = try await client.list(pods + "?limit=10")
            let revision = page.metadata.resourceVersion
            names += page.items.map(\.metadata.name)
            server.advanceToEnd()
            while let token = page.metadata.continue {
                #expect(page.items.count == 10)
                page = try await client.list(pods + "?limit=10&continue=\(token)")
                #expect(page.metadata.resourceVersion == revision)
                names += page.items.map(\.metadata.name)
            }
            #expect(names == all.items.map(\.metadata.name))
            #expect(try await client.get(pods + "?limit=10&continue=unknown").status == 400)
        }
    }

    @Test("a watch tells every change after its resource version once and in order, any number of watchers the same")
    func watching() async throws {
        try await withServer { server in
            server.advance(to: .zero)
            let url = "\(server.url)/apis/tekton.dev/v1/taskruns"
            let version = try await client.list(url).metadata.resourceVersion
            var first = try await client.watch(url + "?watch=1&resourceVersion=\(version)")
            var second = try await client.watch(url + "?watch=1&resourceVersion=\(version)")
            #expect(await server.waitUntil { $0.watchCount == 2 })
            server.advanceToEnd()
            let events = try await first.next(27)
            #expect(events.count { $0.type == "ADDED" } == 3)
            #expect(events.count { $0.type == "MODIFIED" } == 24)
            #expect(
                try await second.next(27).map(\.object.metadata?.resourceVersion)
                    == events.map(\.object.metadata?.resourceVersion)
            )
            var resumed = try await client.watch(
                url + "?watch=1&resourceVersion=\(events[20].object.metadata?.resourceVersion ?? "")"
            )
            #expect(
                try await resumed.next(6).map(\.object.metadata?.resourceVersion)
                    == events[21...].map(\.object.metadata?.resourceVersion)
            )
        }
    }

    @Test("a watch without a resource version begins with what is there")
    func watchingFromNothing() async throws {
        try await withServer { server in
            server.advanceToEnd()
            var lines = try await client.watch("\(server.url)/api/v1/pods?watch=true")
            #expect(try await lines.next(3).map(\.type) == ["ADDED", "ADDED", "ADDED"])
        }
    }

    @Test("bookmarks are sent to those who asked, and can be resumed from")
    func bookmarks() async throws {
        try await withServer { server in
            let url = "\(server.url)/api/v1/pods?watch=1&resourceVersion=1"
            var asked = try await client.watch(url + "&allowWatchBookmarks=true")
            var notAsked = try await client.watch(url)
            #expect(await server.waitUntil { $0.watchCount == 2 })
            server.sendBookmarks()
            server.advance(to: .seconds(1))
            let bookmark = try #require(try await asked.next())
            #expect(bookmark.type == "BOOKMARK")
            #expect(bookmark.object.kind == "Pod")
            #expect(bookmark.object.metadata?.resourceVersion == "1")
            #expect(try await notAsked.next()?.type == "ADDED")
        }
    }

    @Test("watches end cleanly, with an error, or in the middle of a line, and closed ones are forgotten")
    func endings() async throws {
        try await withServer { server in
            let url = "\(server.url)/api/v1/pods?watch=1&resourceVersion=1"
            var clean = try await client.watch(url)
            #expect(await server.waitUntil { $0.watchCount == 1 })
            server.endWatches()
            #expect(try await clean.next() == nil)

            var failed = try await client.watch(url)
            #expect(await server.waitUntil { $0.watchCount == 1 })
            server.failWatches()
            let error = try #require(try await failed.next())
            #expect(error.type == "ERROR")
            #expect(error.object.code == 410)
            #expect(try await failed.next() == nil)

            var broken = try await client.watch(url)
            #expect(await server.waitUntil { $0.watchCount == 1 })
            server.breakWatches()
            await #expect(throws: HTTPClientError.self) { try await broken.next() }

            do {
                let stream = try await client.open(url)
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
            let version = try await client.list("\(server.url)/api/v1/pods").metadata.resourceVersion
            server.expire()
            var lines = try await client.watch("\(server.url)/api/v1/pods?watch=1&resourceVersion=\(version)")
            #expect(try await lines.next()?.object.code == 410)
            #expect(try await lines.next() == nil)
        }
    }

    @Test("failures are confined to what they were meant for and to their number")
    func failures() async throws {
        try await withServer { server in
            let pods = "\(server.url)/api/v1/pods"
            server.fail(.list, .pods, with: .status(.forbidden), times: 2)
            #expect(try await client.get(pods).status == 403)
            #expect(try await client.get("\(server.url)/api/v1/events").status == 200)
            #expect(try await client.get(pods).status == 403)
            #expect(try await client.get(pods).status == 200)
            server.fail(with: .status(.tooManyRequests))
            let limited = try await client.get(pods)
            #expect(limited.status == 429)
            #expect(limited.header("Retry-After") == "1")
            server.recover()
            server.fail(.watch, with: .status(.internalError), times: 1)
            #expect(try await client.get(pods + "?watch=1").status == 500)
            server.fail(.list, with: .cutOff, times: 1)
            await #expect(throws: HTTPClientError.self) { try await client.get(pods) }
            server.fail(.list, with: .hang, times: 1)
            let hanging = Task { try await client.get(pods) }
            #expect(await server.waitUntil { $0.requests.count == 8 })
            hanging.cancel()
            #expect(try await client.get(pods).status == 200)
        }
    }

    @Test("it refuses connections while it is stopped, and comes back on the same port with the same objects")
    func restart() async throws {
        try await withServer { server in
            server.advanceToEnd()
            let url = server.url
            var lines = try await client.watch("\(url)/api/v1/pods?watch=1&resourceVersion=1")
            _ = try await lines.next(30)
            await server.stop()
            await #expect(throws: HTTPClientError.self) { try await lines.next() }
            let error = await #expect(throws: HTTPClientError.self) { try await client.get("\(url)/api/v1/pods") }
            #expect(error?.kind == .connect)
            try await server.start()
            #expect(server.url == url)
            #expect(try await client.list("\(url)/api/v1/pods").items.count == 3)
        }
    }

    @Test("requests without the token are refused")
    func token() async throws {
        try await withServer(token: "secret") { server in
            var statuses: [Int] = []
            for token in [nil, "wrong", "secret"] {
                statuses.append(try await client.get("\(server.url)/api/v1/pods", token: token).status)
            }
            #expect(statuses == [401, 401, 200])
            #expect(server.requests.map(\.authorization) == [nil, "Bearer wrong", "Bearer secret"])
        }
    }

    @Test("a server of one version tells of that one only, and objects in it")
    func tektonVersions() async throws {
        try await withServer { server in
            server.traits.tektonVersions = [.v1beta1]
            server.advanceToEnd()
            let tekton = "\(server.url)/apis/tekton.dev"
            let group = String(decoding: try await client.get(tekton).body, as: UTF8.self)
            #expect(group.contains(#""versions":[{"groupVersion":"tekton.dev/v1beta1","version":"v1beta1"}]"#))
            for path in ["v1", "v1/taskruns", "v1/taskruns?watch=1", "v2/taskruns"] {
                #expect(try await client.get("\(tekton)/\(path)").status == 404)
            }
            #expect(try await client.get("\(tekton)/v1beta1").status == 200)
            #expect(try await client.list("\(tekton)/v1beta1/taskruns").items.count == 3)
            let list = String(decoding: try await client.get("\(tekton)/v1beta1/taskruns").body, as: UTF8.self)
            let words = list.split(separator: #""apiVersion":"tekton.dev/v1beta1","#, omittingEmptySubsequences: false)
            #expect(words.count == 1 + 4, "the list and three objects")
            #expect(!list.contains("terminationReason"))
            // Their owner is what it was.
            #expect(list.contains(#""apiVersion":"tekton.dev/v1","#))
            server.traits.tektonVersions = [.v1]
            #expect(try await client.get("\(tekton)/v1beta1/taskruns").status == 404)
            #expect(try await client.list("\(tekton)/v1/taskruns").items.count == 3)
        }
    }

    @Test("discovery tells of tekton.dev, or not")
    func discovery() async throws {
        try await withServer { server in
            let group = try await client.get("\(server.url)/apis/tekton.dev")
            #expect(String(decoding: group.body, as: UTF8.self).contains(#""groupVersion":"tekton.dev/v1""#))
            _ = try JSONDecoder().decode([String: AnyJSON].self, from: Data(group.body))
            #expect(try await client.get("\(server.url)/apis/tekton.dev/v1").status == 200)
            #expect(try await client.get("\(server.url)/version").status == 200)
            server.serveTekton(false)
            #expect(try await client.get("\(server.url)/apis/tekton.dev").status == 404)
            #expect(try await client.get("\(server.url)/apis/tekton.dev/v1/taskruns").status == 404)
            #expect(try await client.get("\(server.url)/api/v1/pods").status == 200)
        }
    }

    @Test("a lost object is missing from the list, without an event")
    func losing() async throws {
        try await withServer { server in
            server.advanceToEnd()
            server.lose(.pods, namespace: "lab-pipelinerun", name: "pipelinerun-1-lint-pod")
            let pods = try await client.list("\(server.url)/api/v1/pods").items
            #expect(pods.count == 2)
        }
    }

    @Test("played by a clock, everything happens in the end")
    func playing() async throws {
        try await withServer("invalid") { server in
            try await server.play(ReplayClock(speed: 1_000))
            #expect(try await client.list("\(server.url)/apis/tekton.dev/v1/taskruns").items.count == 1)
        }
    }

    /// Any JSON at all.
    private struct AnyJSON: Decodable {
        init(from decoder: any Decoder) throws {}
    }
}
