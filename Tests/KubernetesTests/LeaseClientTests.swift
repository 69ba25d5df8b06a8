import FoundationEssentials
import HTTPClient
import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(1))) struct LeaseClientTests {
    private static let path = "/apis/coordination.k8s.io/v1/namespaces/ns/leases"
    private static let json = """
        {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"me","namespace":"ns","uid":"u",\
        "resourceVersion":"7","creationTimestamp":"2026-11-26T01:02:03Z","labels":{"g":"x"}},"spec":{"holderIdentity":"pod",\
        "leaseDurationSeconds":15,"renewTime":"2026-11-26T01:02:04.000120Z"}}
        """

    private static var lease: Lease {
        Lease(
            metadata: ObjectMeta(name: "me", namespace: "ns", uid: "u", resourceVersion: "7", labels: ["g": "x"]),
            holder: "pod",
            durationSeconds: 15,
            renewTime: KubernetesTime("2026-11-26T01:02:04.00012Z")
        )
    }

    @Test func leasesAreListedByLabelAndWhatCannotBeReadIsLeftOut() async throws {
        let transport = ScriptedTransport([
            .response(
                200,
                #"{"kind":"LeaseList","metadata":{"resourceVersion":"9"},"items":[\#(Self.json),{"metadata":[]},"#
                    + #"{"metadata":{"name":"odd"},"spec":{"leaseDurationSeconds":"x","renewTime":"y"}}]}"#
            )
        ])
        let client = testClient(transport)
        let leases = try await client.leases(in: "ns", labelSelector: "steptrace/group=a", timeout: .seconds(3))
        #expect(leases.map(\.metadata.name) == ["me", "odd"])
        #expect(leases.first?.holder == "pod" && leases.first?.durationSeconds == 15)
        #expect(leases.first?.metadata.creationTimestamp == KubernetesTime("2026-11-26T01:02:03Z"))
        #expect(leases.last?.durationSeconds == nil)
        #expect(transport.targets == ["\(Self.path)?labelSelector=steptrace%2Fgroup%3Da"])
        #expect(transport.requests.first?.timeout == .seconds(3))
    }

    @Test func writingIsPostPutAndDelete() async throws {
        let transport = ScriptedTransport([
            .response(201, Self.json), .response(200, Self.json), .response(200, "{}"),
        ])
        let client = testClient(transport)
        var fresh = Self.lease
        fresh.metadata.uid = ""
        fresh.metadata.resourceVersion = ""
        #expect(try await client.create(fresh, timeout: .seconds(1)).metadata.uid == "u")
        #expect(try await client.update(Self.lease, timeout: .seconds(1)).metadata.resourceVersion == "7")
        try await client.delete(Self.lease, timeout: .seconds(1))
        #expect(transport.targets == [Self.path, "\(Self.path)/me", "\(Self.path)/me"])
        #expect(transport.requests.map(\.method) == ["POST", "PUT", "DELETE"])
        for request in transport.requests {
            #expect(request.headers.contains { $0.name == "Content-Type" && $0.value == "application/json" })
        }
        let bodies = transport.requests.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(bodies[0].contains(#""leaseDurationSeconds":15"#) && !bodies[0].contains("resourceVersion"))
        #expect(bodies[1].contains(#""renewTime":"2026-11-26T01:02:04.000120Z""#))
        #expect(bodies[1].contains(#""resourceVersion":"7""#))
        #expect(bodies[2].contains(#""uid":"u""#) && bodies[2].contains(#""kind":"DeleteOptions""#))
        let counts = client.requests.all
        #expect(counts[APIRequestCounts.Key(verb: "create", code: "201")] == 1)
        #expect(counts[APIRequestCounts.Key(verb: "delete", code: "200")] == 1)
    }

    @Test("an error tells what was refused", arguments: [403, 404, 409])
    func errors(status: Int) async {
        let transport = ScriptedTransport([.response(status, #"{"kind":"Status","message":"because"}"#)])
        do {
            _ = try await testClient(transport).update(Self.lease, timeout: .seconds(1))
            Issue.record("no error")
        } catch {
            #expect(error.message.contains("because") && error.message.contains("PUT \(Self.path)/me"))
            #expect(error.isConflict == (status == 409))
            #expect((error.kind == .notFound) == (status == 404))
            #expect((error.kind == .forbidden) == (status == 403))
        }
    }

    @Test func whatIsWrittenIsReadAsTheSame() throws {
        let data = try JSONEncoder().encode(Self.lease)
        #expect(try JSONDecoder().decode(Lease.self, from: data) == Self.lease)
    }

    @Test(
        "times have six digits behind the second",
        arguments: [
            "2026-11-26T01:02:03.000000Z", "1970-01-01T00:00:00.999999Z", "1969-12-31T23:59:59.000001Z",
            "2100-02-28T12:00:00.100000Z",
        ]
    )
    func microTime(text: String) throws {
        #expect(try #require(KubernetesTime(text)).microTime == text)
    }
}
