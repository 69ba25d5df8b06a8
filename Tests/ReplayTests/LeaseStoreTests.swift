import Testing

@testable import Replay

@Suite("Leases of the replaying API server")
struct LeaseStoreTests {
    private static let path = "/apis/coordination.k8s.io/v1/namespaces/ns/leases"

    private static func lease(
        _ name: String,
        labels: String = "{}",
        version: String? = nil,
        time: String = "2026-11-26T01:02:03.000000Z"
    ) -> String {
        let version = version.map { #","resourceVersion":"\#($0)""# } ?? ""
        return
            #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"\#(name)","labels":\#(labels)"#
            + #"\#(version)},"spec":{"holderIdentity":"h","leaseDurationSeconds":15,"renewTime":"\#(time)"}}"#
    }

    private static func send(
        _ method: String,
        _ path: String,
        _ body: String = "",
        query: String = "",
        to store: inout LeaseStore
    ) throws -> (code: Int, body: String) {
        let request = try #require(LeaseRequest(method: method, path: path, query: query))
        let answer = store.answer(request, body: Array(body.utf8), now: "2026-11-26T01:02:03Z")
        return (answer.code, String(decoding: answer.body, as: UTF8.self))
    }

    @Test func whatIsCreatedIsListedByItsLabels() throws {
        var store = LeaseStore()
        let made = try Self.send("POST", Self.path, Self.lease("a", labels: #"{"g":"1"}"#), to: &store)
        #expect(made.code == 201)
        #expect(made.body.contains(#""creationTimestamp":"2026-11-26T01:02:03Z""#) && made.body.contains(#""uid""#))
        #expect(try Self.send("POST", Self.path, Self.lease("b", labels: #"{"g":"2"}"#), to: &store).code == 201)
        #expect(try Self.send("POST", Self.path, Self.lease("a"), to: &store).code == 409)
        let list = try Self.send("GET", Self.path, query: "labelSelector=g%3D1", to: &store)
        #expect(list.code == 200 && list.body.contains(#""name":"a""#) && !list.body.contains(#""name":"b""#))
    }

    @Test func onlyTheLatestVersionCanBeChangedOrDeleted() throws {
        var store = LeaseStore()
        _ = try Self.send("POST", Self.path, Self.lease("a"), to: &store)
        let version = try #require(store.leases["ns/a"]?.metadata.resourceVersion)
        #expect(try Self.send("PUT", Self.path + "/a", Self.lease("a", version: version), to: &store).code == 200)
        #expect(try Self.send("PUT", Self.path + "/a", Self.lease("a", version: version), to: &store).code == 409)
        #expect(try Self.send("PUT", Self.path + "/b", Self.lease("b"), to: &store).code == 404)
        let stale = #"{"preconditions":{"uid":"other"}}"#
        #expect(try Self.send("DELETE", Self.path + "/a", stale, to: &store).code == 409)
        let uid = try #require(store.leases["ns/a"]?.metadata.uid)
        #expect(
            try Self.send("DELETE", Self.path + "/a", #"{"preconditions":{"uid":"\#(uid)"}}"#, to: &store).code == 200
        )
        #expect(try Self.send("DELETE", Self.path + "/a", to: &store).code == 404)
    }

    @Test func timesHaveSixDigitsAsTheRealOneWantsThem() throws {
        var store = LeaseStore()
        for time in ["2026-11-26T01:02:03Z", "2026-11-26T01:02:03.123Z", "soon"] {
            #expect(try Self.send("POST", Self.path, Self.lease("a", time: time), to: &store).code == 400)
        }
        #expect(try Self.send("POST", Self.path, "{}", to: &store).code == 400)
    }

    @Test func otherPathsAreNoLeases() {
        for (method, path) in [
            ("GET", "/api/v1/pods"), ("PATCH", Self.path + "/a"), ("GET", "/apis/coordination.k8s.io/v1/leases"),
        ] {
            #expect(LeaseRequest(method: method, path: path, query: "") == nil)
        }
    }
}
