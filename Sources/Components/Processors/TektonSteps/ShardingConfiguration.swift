import Collector
import Glibc

/// The options below `sharding` of `tekton_steps`.
public struct ShardingConfiguration: Sendable, Equatable {
    public var isEnabled = false
    /// Replicas of one group share the TaskRuns.
    public var group = Self.defaultGroup
    /// Nil for the pod's own.
    public var leaseNamespace: String?
    /// Nil for the host's name.
    public var identity: String?
    public var leaseDuration = Duration.seconds(15)
    public var renewInterval = Duration.seconds(5)

    static let defaultGroup = "steptrace"

    public init() {}

    /// Takes all keys of the map.
    init(from map: inout ConfigMap) throws(ConfigError) {
        isEnabled = try map.bool("enabled", default: isEnabled)
        group = try map.string("group", default: group)
        if !group.isLabel {
            try map.report("\"group\" must be at most 63 lowercase letters, digits and hyphens, got \"\(group)\"")
        }
        leaseNamespace = try map.optionalString("lease_namespace")
        if let leaseNamespace, !leaseNamespace.isLabel {
            try map.report("\"lease_namespace\" must be the name of a namespace, got \"\(leaseNamespace)\"")
        }
        identity = try map.optionalString("identity")
        if identity == "" { try map.report("\"identity\" must not be empty") }
        leaseDuration = try map.duration("lease_duration", default: leaseDuration, in: .seconds(1) ... .seconds(600))
        renewInterval = try map.duration(
            "renew_interval",
            default: renewInterval,
            in: .milliseconds(100) ... .seconds(300)
        )
        if leaseDuration < renewInterval * 2 {
            try map.report(
                "\"lease_duration\" must be at least twice \"renew_interval\", so that one renewal may fail; got "
                    + "\(GoDuration.format(leaseDuration)) and \(GoDuration.format(renewInterval))"
            )
        }
        try map.finish()
    }

    static let options: [ConfigOption] = [
        ConfigOption(
            "sharding.enabled",
            "bool",
            default: "false",
            example: "true",
            "Shares the TaskRuns with the other replicas: each span is added by one of them. Needs the right to list, "
                + "create, update and delete Leases; see [operations.md](operations.md#several-replicas)."
        ),
        ConfigOption(
            "sharding.group",
            "string",
            default: defaultGroup,
            example: "steptrace-ci",
            "Replicas with the same name share; those that send to different backends need different ones."
        ),
        ConfigOption(
            "sharding.lease_namespace",
            "string",
            default: "",
            example: "steptrace",
            "Where the Leases are; without it the namespace of the pod or of the kubeconfig's context, else `default`."
        ),
        ConfigOption(
            "sharding.identity",
            "string",
            default: "",
            example: "${env:POD_NAME}",
            "What the Lease names as its holder; without it the host's name, which is the pod's."
        ),
        ConfigOption(
            "sharding.lease_duration",
            "duration",
            default: "15s",
            example: "30s",
            "A replica that has not renewed its Lease for so long is gone, and others take over. 1s to 10m."
        ),
        ConfigOption(
            "sharding.renew_interval",
            "duration",
            default: "5s",
            example: "10s",
            "How often the Lease is renewed and the others' are looked at; half of `lease_duration` at the most."
        ),
    ]
}

extension ShardingConfiguration {
    /// `identity`, else the host's name.
    var effectiveIdentity: String {
        if let identity { return identity }
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension String {
    /// A label in the sense of RFC 1123, as names of namespaces are.
    fileprivate var isLabel: Bool {
        (1...63).contains(utf8.count) && first != "-" && last != "-"
            && utf8.allSatisfy {
                ("a"..."z").contains(Unicode.Scalar($0)) || ("0"..."9").contains(Unicode.Scalar($0))
                    || $0 == UInt8(ascii: "-")
            }
    }
}
