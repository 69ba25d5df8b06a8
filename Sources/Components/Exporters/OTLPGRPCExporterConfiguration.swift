public import Collector
import OTLPGRPC

/// The configuration of the `otlp_grpc` exporter, with the Collector's keys, defaults and messages.
public struct OTLPGRPCExporterConfiguration: ComponentConfiguration {
    public enum Compression: String, Sendable, Equatable, CaseIterable {
        case gzip
        case none
    }

    public enum Balancer: String, Sendable, Equatable, CaseIterable {
        case roundRobin = "round_robin"
        case pickFirst = "pick_first"
    }

    /// `keepalive`
    public struct Keepalive: Sendable, Equatable {
        public var time: Duration
        public var timeout: Duration
        public var permitWithoutStream: Bool
    }

    let target: GRPCTarget
    public var headers: [String: String]
    /// For one attempt; zero for no limit.
    public var timeout: Duration
    public var compression: Compression
    /// nil when none was asked for: then nothing is sent over idle connections.
    public var keepalive: Keepalive?
    public var balancer: Balancer
    public var waitForReady: Bool
    /// The extension that `auth::authenticator` names.
    public var authenticator: ComponentID?
    public var tls: TLSConfiguration
    public var retry: RetryConfiguration
    public var queue: SendingQueueConfiguration

    /// A scheme in the endpoint wins over `tls::insecure`, as in the Collector.
    var usesTLS: Bool { target.usesTLS ?? !tls.insecure }

    public init(from map: inout ConfigMap) throws(ConfigError) {
        let endpoint = try map.optionalString("endpoint") ?? ""
        let target = GRPCTarget(endpoint)
        if endpoint.isEmpty {
            try map.report("requires a non-empty \"endpoint\"")
        } else if target == nil {
            try map.report("invalid endpoint \"\(endpoint)\": expected host:port, such as jaeger:4317")
        }
        self.target = target ?? .none
        headers = try map.stringMap("headers")
        for name in headers.keys where !Self.isMetadataKey(name) {
            try map.report("headers: \"\(name)\" is no gRPC metadata key (letters, digits, '-', '_', '.')")
        }
        timeout = try map.duration("timeout", default: .seconds(5))
        compression = try map.oneOf("compression", default: .gzip)
        if var options = try map.optionalMap("keepalive") {
            keepalive = Keepalive(
                // The least that Go's client does.
                time: max(try options.duration("time", default: .seconds(10)), .seconds(10)),
                timeout: try options.duration("timeout", default: .seconds(20)),
                permitWithoutStream: try options.bool("permit_without_stream", default: false)
            )
            try options.finish()
        } else {
            keepalive = nil
        }
        balancer = try map.oneOf("balancer_name", default: .roundRobin)
        waitForReady = try map.bool("wait_for_ready", default: false)
        // For compatibility: buffers are sized by need.
        _ = try map.int("read_buffer_size", default: 0)
        _ = try map.int("write_buffer_size", default: 512 << 10)
        authenticator = try map.authenticator()
        var tls = try map.map("tls")
        self.tls = try TLSConfiguration(from: &tls)
        var retry = try map.map("retry_on_failure")
        self.retry = try RetryConfiguration(from: &retry)
        var queue = try map.map("sending_queue")
        self.queue = try SendingQueueConfiguration(from: &queue)
        if usesTLS {
            if self.tls.minVersion == .tls13 {
                try map.report(
                    "tls::min_version: gRPC's TLS cannot be held to 1.3: it takes what is best of 1.2 and 1.3"
                )
            }
            if let version = self.tls.maxVersion, version != .tls13 {
                try map.report(
                    "tls::max_version: gRPC's TLS cannot be held to \(version.rawValue): it takes 1.2 and 1.3"
                )
            }
        }
        if let name = self.tls.serverNameOverride, GRPCTarget.isAddress(name), name != self.target.host, usesTLS,
            !self.tls.insecureSkipVerify
        {
            // The TLS library verifies names, and the address that is connected to.
            try map.report(
                "tls::server_name_override: the address \(name) cannot be verified at another endpoint: give a name, "
                    + "or leave it out, a certificate for the endpoint's own address is accepted"
            )
        }
    }

    private static func isMetadataKey(_ name: String) -> Bool {
        !name.isEmpty && !name.lowercased().hasPrefix("grpc-")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// How the client is to reach the backend.
    var client: TraceClientConfiguration {
        var client = TraceClientConfiguration(host: target.host, port: target.port)
        client.authority = tls.serverNameOverride.flatMap { $0.isEmpty || GRPCTarget.isAddress($0) ? nil : $0 }
        if usesTLS { client.tls = tls.grpc }
        client.headers = headers.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        if !headers.keys.contains(where: { $0.lowercased() == "user-agent" }) {
            client.headers.append((name: "user-agent", value: UserAgent.text))
        }
        client.timeout = timeout > .zero ? timeout : nil
        client.gzip = compression == .gzip
        client.keepalive = keepalive.map {
            TraceClientConfiguration.Keepalive(
                time: $0.time,
                timeout: $0.timeout,
                permitWithoutStream: $0.permitWithoutStream
            )
        }
        client.roundRobin = balancer == .roundRobin
        client.waitForReady = waitForReady
        return client
    }
}

extension TLSConfiguration {
    fileprivate var grpc: TraceClientConfiguration.TLS {
        func pem(_ file: String?, _ text: String?) -> TraceClientConfiguration.TLS.PEM? {
            file.map { .file($0) } ?? text.map { .bytes(Array($0.utf8)) }
        }
        var tls = TraceClientConfiguration.TLS()
        tls.skipVerification = insecureSkipVerify
        tls.trusted = pem(caFile, caPEM)
        tls.trustsSystem = includeSystemCAs
        tls.certificate = pem(certFile, certPEM)
        tls.key = pem(keyFile, keyPEM)
        return tls
    }
}
