internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
public import NIOCore
internal import NIOPosix

/// How a client reaches its backend.
public struct TraceClientConfiguration: Sendable {
    /// What is trusted, and what the client shows.
    public struct TLS: Sendable, Equatable {
        /// A file, or its content.
        public enum PEM: Sendable, Equatable {
            case file(String)
            case bytes([UInt8])
        }

        public var skipVerification = false
        /// nil for the system's certificates.
        public var trusted: PEM?
        /// The system's beside those.
        public var trustsSystem = false
        public var certificate: PEM?
        public var key: PEM?

        public init() {}

        /// What is read when a client is made.
        public var files: [String] {
            [trusted, certificate, key].compactMap { if case .file(let path) = $0 { path } else { nil } }
        }
    }

    public struct Keepalive: Sendable, Equatable {
        public var time: Duration
        public var timeout: Duration
        public var permitWithoutStream: Bool

        public init(time: Duration, timeout: Duration, permitWithoutStream: Bool) {
            self.time = time
            self.timeout = timeout
            self.permitWithoutStream = permitWithoutStream
        }
    }

    public var host: String
    public var port: Int
    /// What is asked for and, with TLS, verified, which an IP address cannot be; nil for the host, which can be either.
    public var authority: String?
    /// nil for plaintext.
    public var tls: TLS?
    public var headers: [(name: String, value: String)] = []
    /// For one call; nil for no limit.
    public var timeout: Duration?
    public var gzip = true
    public var keepalive: Keepalive?
    /// Over all addresses of the host, or the first that answers.
    public var roundRobin = true
    /// Whether a call waits for a connection, within its timeout, or fails at once.
    public var waitForReady = false
    /// The longest pause between two attempts to connect.
    public var maxReconnectDelay = Duration.seconds(30)

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// A gRPC client for OTLP traces. Connects when `run` is called, and again whenever the connection is lost.
public final class TraceClient: Sendable {
    private let client: GRPCClient<HTTP2ClientTransport.Posix>
    private let metadata: Metadata
    private let options: CallOptions

    /// - Throws: what is wrong with the certificates.
    public init(_ configuration: TraceClientConfiguration, group: any EventLoopGroup) throws {
        var transport = HTTP2ClientTransport.Posix.Config.defaults
        transport.backoff.max = configuration.maxReconnectDelay
        transport.http2.authority = configuration.authority
        transport.compression.enabledAlgorithms = [.none, .gzip]
        if let keepalive = configuration.keepalive {
            transport.connection.keepalive = HTTP2ClientTransport.Config.Keepalive(
                time: keepalive.time,
                timeout: keepalive.timeout,
                allowWithoutCalls: keepalive.permitWithoutStream
            )
        }
        var service = ServiceConfig()
        service.loadBalancingConfig = [
            configuration.roundRobin ? .roundRobin : .pickFirst(shuffleAddressList: false)
        ]
        client = GRPCClient(
            transport: try HTTP2ClientTransport.Posix(
                target: configuration.target,
                transportSecurity: configuration.tls.map(Self.security) ?? .plaintext,
                config: transport,
                serviceConfig: service,
                eventLoopGroup: group
            )
        )
        var metadata: Metadata = [:]
        for (name, value) in configuration.headers { metadata.addString(value, forKey: name) }
        self.metadata = metadata
        var options = CallOptions.defaults
        options.timeout = configuration.timeout
        options.waitForReady = configuration.waitForReady
        options.compression = configuration.gzip ? .gzip : CompressionAlgorithm.none
        self.options = options
    }

    /// Keeps the connections up until `shutdown`.
    public func run() async throws { try await client.runConnections() }

    /// Sends an ExportTraceServiceRequest in its encoding.
    ///
    /// - Returns: the ExportTraceServiceResponse in its encoding.
    public func export(
        _ request: ByteBuffer,
        headers: [(name: String, value: String)] = []
    ) async throws(ExportError) -> ByteBuffer {
        var metadata = metadata
        for (name, value) in headers { metadata.replaceOrAddString(value, forKey: name) }
        do {
            return try await client.unary(
                request: ClientRequest(message: request, metadata: metadata),
                descriptor: .traceExport,
                serializer: RawSerializer(),
                deserializer: RawDeserializer(),
                options: options
            ) { try $0.message }
        } catch {
            throw ExportError(error)
        }
    }

    /// Closes the connections once the calls under way have ended; `run` returns then.
    public func shutdown() { client.beginGracefulShutdown() }

    private static func security(
        _ tls: TraceClientConfiguration.TLS
    ) -> HTTP2ClientTransport.Posix.TransportSecurity {
        .tls { config in
            if tls.skipVerification { config.serverCertificateVerification = .noVerification }
            if let trusted = tls.trusted {
                let system = tls.trustsSystem ? SystemCertificates.path : nil
                config.trustRoots = .certificates(
                    [trusted.certificate] + (system.map { [.file(path: $0, format: .pem)] } ?? [])
                )
            }
            if let certificate = tls.certificate, let key = tls.key {
                config.certificateChain = [certificate.certificate]
                config.privateKey = key.privateKey
            }
        }
    }
}

extension TraceClientConfiguration {
    /// In TLS the transport asks for what it resolves (SNI), which must not be an IP address (RFC 6066, section 3). Of a
    /// target that is one it makes the authority itself, asks for nothing, and has the address verified.
    fileprivate var target: any ResolvableTarget {
        switch try? NIOCore.SocketAddress(ipAddress: host, port: port) {
        case .v4?: .ipv4(address: host, port: port)
        case .v6?: .ipv6(address: host, port: port)
        default: .dns(host: host, port: port)
        }
    }
}

extension TraceClientConfiguration.TLS.PEM {
    fileprivate var certificate: TLSConfig.CertificateSource {
        switch self {
        case .file(let path): .file(path: path, format: .pem)
        case .bytes(let bytes): .bytes(bytes, format: .pem)
        }
    }

    fileprivate var privateKey: TLSConfig.PrivateKeySource {
        switch self {
        case .file(let path): .file(path: path, format: .pem)
        case .bytes(let bytes): .bytes(bytes, format: .pem)
        }
    }
}
