import Collector
import Tekton
import Testing

@testable import Components
@testable import Kubernetes

@Suite struct ShardingConfigurationTests {
    private func read(_ yaml: String) throws -> ShardingConfiguration {
        var map = try ConfigMap(YAMLText.parse(yaml, source: "test"))
        return try ShardingConfiguration(from: &map)
    }

    @Test func anEmptyMapSharesNothingAndHasTheDefaults() throws {
        let configuration = try read("{}")
        #expect(configuration == ShardingConfiguration())
        #expect(!configuration.isEnabled && configuration.group == "steptrace")
        #expect(configuration.leaseDuration == .seconds(15) && configuration.renewInterval == .seconds(5))
        #expect(configuration.leaseNamespace == nil && configuration.identity == nil)
        #expect(!configuration.effectiveIdentity.isEmpty)
    }

    @Test func everythingGivenIsTaken() throws {
        let configuration = try read(
            """
            enabled: true
            group: ci-2
            lease_namespace: lab
            identity: Pod_1
            lease_duration: 1m
            renew_interval: 30s
            """
        )
        #expect(configuration.isEnabled && configuration.group == "ci-2" && configuration.leaseNamespace == "lab")
        #expect(configuration.effectiveIdentity == "Pod_1")
        #expect(configuration.leaseDuration == .seconds(60) && configuration.renewInterval == .seconds(30))
    }

    @Test(
        "what cannot be is said clearly",
        arguments: [
            ("group: Upper", "\"group\" must be at most 63 lowercase letters, digits and hyphens, got \"Upper\""),
            ("group: \"\"", "\"group\" must be at most 63 lowercase"), ("group: -a", "\"group\" must be"),
            ("lease_namespace: a/b", "\"lease_namespace\" must be the name of a namespace, got \"a/b\""),
            ("identity: \"\"", "\"identity\" must not be empty"),
            ("lease_duration: 9s", "\"lease_duration\" must be at least twice \"renew_interval\""),
            ("{lease_duration: 10s, renew_interval: 6s}", "one renewal may fail; got 10s and 6s"),
            ("lease_duration: 500ms", "must be"), ("renew_interval: 1ms", "must be"),
            ("enable: true", "did you mean \"enabled\"?"),
        ]
    )
    func wrong(yaml: String, message: String) {
        #expect("\(yaml)") { try read(yaml) } throws: { "\($0)".contains(message) }
    }

    @Test("a TaskRun may go to a replica once all others have heard of it")
    func eligibility() throws {
        let member = LeaseGroup.Member(
            name: "steptrace-a-1",
            uid: "u",
            identity: "a",
            since: KubernetesTime(unixNanoseconds: 100_000_000_000),
            aliveSince: KubernetesTime(unixNanoseconds: 50_000_000_000),
            duration: .seconds(15)
        )
        guard case .among(let view) = Sharding(.members([member], own: member)) else {
            Issue.record("no view")
            return
        }
        let replica = try #require(view.replicas.first)
        #expect(replica.eligibleFrom == KubernetesTime(unixNanoseconds: 116_000_000_000))
        #expect(replica.aliveSince == member.aliveSince)
        #expect(view.own == "steptrace-a-1" && view.leaseDuration == .seconds(15))
        #expect(Sharding(.unknown) == .undecided)
        #expect(Sharding(.impossible(KubernetesError(.forbidden, "no"))) == .off)
    }
}
