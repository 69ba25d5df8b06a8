import Testing

@testable import Replay

@Suite("Objects, their history and what watches are told")
struct ObjectStoreTests {
    @Test("lists hold what matches, ordered, with the revision of each object's last change")
    func listing() throws {
        var store = ObjectStore()
        _ = store.apply(.added, try Fixtures.object(.pods, "b", labels: ["app": "x"]))
        _ = store.apply(.added, try Fixtures.object(.pods, "a", namespace: "other", labels: ["app": "x"]))
        _ = store.apply(.added, try Fixtures.object(.taskRuns, "t"))
        _ = store.apply(.modified, try Fixtures.object(.pods, "b", labels: ["app": "y"]))
        #expect(store.list(ObjectQuery(resource: .pods)).map(\.object.key.name) == ["b", "a"])
        #expect(store.list(ObjectQuery(resource: .pods)).map(\.revision) == [5, 3])
        #expect(store.list(ObjectQuery(resource: .pods, namespace: "other")).map(\.object.key.name) == ["a"])
        let labels = try #require(Selector("app=y"))
        #expect(store.list(ObjectQuery(resource: .pods, labels: labels)).map(\.object.key.name) == ["b"])
    }

    @Test("earlier states are listed as they were, back to a compaction")
    func history() throws {
        var store = ObjectStore()
        let query = ObjectQuery(resource: .pods)
        _ = store.apply(.added, try Fixtures.object(.pods, "a"))
        _ = store.apply(.added, try Fixtures.object(.pods, "b"))
        _ = store.apply(.modified, try Fixtures.object(.pods, "a"))
        _ = store.apply(.deleted, try Fixtures.object(.pods, "b"))
        let states = (1...5).map { store.list(query, at: $0)?.map { "\($0.object.key.name)@\($0.revision)" } }
        #expect(states == [[], ["a@2"], ["a@2", "b@3"], ["a@4", "b@3"], ["a@4"]])
        #expect(store.list(query, at: 6) == nil)
        store.forgetHistory()
        #expect(store.list(query, at: 4) == nil)
        #expect(store.list(query, at: 5)?.map(\.revision) == [4])
    }

    @Test("a watch resumes behind its revision, waits for one in the future, and cannot resume behind a compaction")
    func resuming() throws {
        var store = ObjectStore()
        let query = ObjectQuery(resource: .pods)
        _ = store.apply(.added, try Fixtures.object(.pods, "a"))
        _ = store.apply(.modified, try Fixtures.object(.pods, "a"))
        _ = store.apply(.deleted, try Fixtures.object(.pods, "a"))
        #expect(store.events(after: 1, query)?.map(\.kind) == [.added, .modified, .deleted])
        #expect(store.events(after: 3, query)?.map(\.revision) == [4])
        #expect(store.events(after: 4, query)?.isEmpty == true)
        #expect(store.events(after: 5, query)?.isEmpty == true)
        store.compact()
        #expect(store.events(after: 4, query) == nil)
        #expect(store.events(after: store.revision, query)?.isEmpty == true)
    }

    @Test("an object that begins or ceases to match a selector is added or deleted for its watch")
    func selectors() throws {
        var store = ObjectStore()
        let query = ObjectQuery(resource: .pods, labels: try #require(Selector("on")))
        let off = try Fixtures.object(.pods, "a")
        let on = try Fixtures.object(.pods, "a", labels: ["on": "1"])
        let changes = [
            store.apply(.added, off), store.apply(.modified, on), store.apply(.modified, on),
            store.apply(.modified, off), store.apply(.deleted, off),
        ]
        #expect(changes.map { ObjectStore.event(for: $0, query)?.kind } == [nil, .added, .modified, .deleted, nil])
    }

    @Test(
        "selectors of existence and equality",
        arguments: [
            ("", true), ("a", true), ("c", false), ("!c", true), ("!a", false), ("a=1", true), ("a==1", true),
            ("a=2", false), ("a!=2", true), ("a!=1", false), ("a=1,b=", true), ("a,c", false),
        ]
    )
    func selectorForms(text: String, expected: Bool) throws {
        #expect(try #require(Selector(text)).matches(["a": "1", "b": ""]) == expected)
    }

    @Test("selectors of other forms are refused", arguments: ["a in (b)", "a===b", "a=b=c"])
    func unknownSelectors(text: String) {
        #expect(Selector(text) == nil)
    }
}

@Suite("Requests to the API server")
struct APIRequestTests {
    @Test("paths and parameters of lists and watches")
    func forms() throws {
        var query = ObjectQuery(resource: .taskRuns)
        #expect(
            APIRequest(path: "/apis/tekton.dev/v1/taskruns", query: "limit=500&resourceVersion=0")
                == .list(query, ListOptions(resourceVersion: "0", limit: 500))
        )
        query.namespace = "a b"
        #expect(
            APIRequest(path: "/apis/tekton.dev/v1/namespaces/a%20b/taskruns", query: "watch=1&resourceVersion=5")
                == .watch(query, WatchOptions(resourceVersion: "5"))
        )
        query.name = "t"
        #expect(APIRequest(path: "/apis/tekton.dev/v1/namespaces/a%20b/taskruns/t", query: "") == .get(query))
        let events = ObjectQuery(resource: .events, fields: try #require(Selector("involvedObject.kind=Pod")))
        #expect(
            APIRequest(
                path: "/api/v1/events",
                query: "fieldSelector=involvedObject.kind%3DPod&watch=true&allowWatchBookmarks=true&timeoutSeconds=9"
            ) == .watch(events, WatchOptions(bookmarks: true, timeoutSeconds: 9))
        )
        let pods = ObjectQuery(resource: .pods, labels: try #require(Selector("tekton.dev/taskRun")))
        let streaming = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        #expect(
            APIRequest(path: "/api/v1/pods", query: streaming)
                == .watch(
                    ObjectQuery(resource: .pods),
                    WatchOptions(match: "NotOlderThan", sendsInitialEvents: true)
                )
        )
        #expect(
            APIRequest(path: "/api/v1/pods", query: "labelSelector=tekton.dev%2FtaskRun&continue=x")
                == .list(pods, ListOptions(continueToken: "x"))
        )
    }

    @Test(
        "anything else is not found",
        arguments: [
            "/", "/api/v1/nodes", "/api/v1/taskruns", "/apis/tekton.dev/v1/pods", "/apis/tekton.dev/v1/taskruns/t",
        ]
    )
    func unknown(path: String) {
        #expect(APIRequest(path: path, query: "") == .invalid(.unknownResource))
    }

    @Test("percent-encoding, and what only looks like it")
    func percentEncoding() {
        #expect(PercentEncoding.decoded("a%2Fb%zz%4") == "a/b%zz%4")
        #expect(PercentEncoding.decoded("%e2%80%a6") == "\u{2026}")
    }
}
