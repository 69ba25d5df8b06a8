import Testing

@testable import Kubernetes

/// The versions that client-go's reflector lists at (reflector_test.go), one after the other: `expectedRVs` there.
@Suite struct ReflectorSequenceTests {
    /// How the server answers a list.
    private enum Answer {
        case page(String, token: String = "")
        case expired
        case tooLarge
    }

    /// The lists that are asked for while the server gives these answers. After each complete list the watch is lost for a
    /// reason that asks for another.
    private func lists(_ answers: [Answer], pageSize: Int = 500) -> [Machine.ListRequest] {
        var machine = Machine(configuration: .init(pageSize: pageSize), random: { 0 })
        var next = machine.start()
        var requests: [Machine.ListRequest] = []
        for answer in answers {
            if case .watch = next {
                _ = machine.watchFailed(KubernetesError(.storageRead, "corrupt object"), now: .zero)
                next = machine.timerFired()
            }
            guard case .list(let request) = next else {
                Issue.record("\(next)")
                return requests
            }
            requests.append(request)
            switch answer {
            case .page(let version, let token):
                let page = Machine.Page(keys: [key(version)], resourceVersion: version, continueToken: token)
                next = machine.listed(page).next
            case .expired:
                next = machine.listFailed(KubernetesError(.expired, "too old"), now: .zero).next
            case .tooLarge:
                next = machine.listFailed(KubernetesError(.resourceVersionTooLarge, "too large"), now: .zero).next
            }
        }
        return requests
    }

    @Test("TestReflectorResyncWithResourceVersion: lists again at the version it knows")
    func resync() {
        let requests = lists([.page("10"), .page("11")])
        #expect(requests.map(\.resourceVersion) == ["0", "10"])
        #expect(requests.map(\.limit) == [500, nil])
    }

    @Test("TestReflectorExpiredExactResourceVersion: takes the latest when its version is too old")
    func expiredExactVersion() {
        let requests = lists([.page("10"), .expired, .page("11")])
        #expect(requests.map(\.resourceVersion) == ["0", "10", ""])
    }

    @Test("TestReflectorFullListIfExpired: lists in one piece when the pages have expired on the way")
    func fullListIfExpired() {
        // The first list shows that the server pages such lists.
        let requests = lists(
            [.page("9", token: "c"), .page("9"), .page("10", token: "c1"), .expired, .page("11")],
            pageSize: 4
        )
        #expect(requests.map(\.resourceVersion) == ["0", "", "9", "", "9"])
        #expect(requests.map(\.limit) == [4, 4, 4, 4, nil])
        #expect(requests.map(\.continueToken) == [nil, "c", nil, "c1", nil])
    }

    @Test("TestReflectorFullListIfTooLarge: takes the latest when the server does not have its version yet")
    func fullListIfTooLarge() {
        let requests = lists([
            .page("20"), .tooLarge, .page("30"), .tooLarge, .page("40"), .tooLarge, .page("50"),
        ])
        #expect(requests.map(\.resourceVersion) == ["0", "20", "", "30", "", "40", ""])
    }

    @Test("TestReflectorWatchListPageSize: asks for pages of the size that is wanted")
    func pageSize() {
        let requests = lists([.page("10", token: "c1"), .page("10", token: "c2"), .page("10")], pageSize: 4)
        #expect(requests.map(\.limit) == [4, 4, 4])
        #expect(requests.map(\.continueToken) == [nil, "c1", "c2"])
        #expect(requests.map(\.resourceVersion) == ["0", "", ""])
    }

    @Test("TestReflectorNotPaginatingNotConsistentReads: a list that may come out of a cache is not paged")
    func notPaginating() {
        #expect(lists([.page("10"), .page("11")]).last == Machine.ListRequest(resourceVersion: "10"))
    }

    @Test("TestReflectorPaginatingNonConsistentReadsIfWatchCacheDisabled: without a cache every list is paged")
    func paginatingWithoutCache() {
        let requests = lists([.page("10", token: "c1"), .page("10"), .page("11", token: "c1"), .page("11")])
        #expect(requests.map(\.limit) == [500, 500, 500, 500])
        #expect(requests.map(\.resourceVersion) == ["0", "", "10", ""])
    }
}
