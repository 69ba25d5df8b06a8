import Collector
import FoundationEssentials
import GRPCCore
import NIOCore
import NIOPosix
import OTLPGRPC
import Testing

@testable import Components

/// What is before and around OTLP/gRPC in the receiver: TLS, authentication.
@Suite(.timeLimit(.minutes(1))) struct OTLPReceiverGRPCTests {
    let context = TestContext()

    /// Runs a receiver of gRPC alone around `body`, which is given its port.
    private func run(
        _ next: TestConsumer = TestConsumer(),
        configure: (inout OTLPGRPCReceiverConfiguration) -> Void,
        body: (Int) async throws -> Void
    ) async throws {
        var configuration = OTLPReceiverConfiguration()
        configuration.http = nil
        var grpc = OTLPGRPCReceiverConfiguration()
        grpc.endpoint = Endpoint(host: "127.0.0.1", port: 0)
        configure(&grpc)
        configuration.grpc = grpc
        let receiver = try OTLPReceiver(configuration, context: context.component("otlp"), next: next)
        try await withRunning(receiver) {
            let endpoint = await context.log("Starting GRPC server").metadata["endpoint"] ?? ""
            try await body(try #require(endpoint.split(separator: ":").last.flatMap { Int($0) }))
        }
    }

    /// Sends once; nil when it was accepted.
    private func send(
        to port: Int,
        trusting pem: String?,
        andSystem: Bool = false,
        certificate: (String, String)? = nil
    ) async throws -> ExportError? {
        var configuration = TraceClientConfiguration(host: "127.0.0.1", port: port)
        configuration.timeout = .seconds(60)
        if let pem {
            var tls = TraceClientConfiguration.TLS()
            tls.trusted = .bytes(Array(pem.utf8))
            tls.trustsSystem = andSystem
            tls.certificate = certificate.map { .bytes(Array($0.0.utf8)) }
            tls.key = certificate.map { .bytes(Array($0.1.utf8)) }
            configuration.tls = tls
            configuration.authority = "localhost"
        }
        let client = try TraceClient(configuration, group: MultiThreadedEventLoopGroup.singleton)
        let connections = Task { try await client.run() }
        var failure: ExportError?
        do throws(ExportError) {
            _ = try await client.export(ByteBuffer(bytes: Samples.bytes()))
        } catch {
            failure = error
        }
        client.shutdown()
        connections.cancel()
        _ = await connections.result
        return failure
    }

    private var tls: ServerTLSConfiguration {
        var tls = ServerTLSConfiguration()
        tls.certPEM = PEM.serverCertificate
        tls.keyPEM = PEM.serverKey
        return tls
    }

    @Test func tracesAreTakenOverTLS() async throws {
        let next = TestConsumer()
        try await run(next, configure: { $0.tls = tls }) { port in
            try await #expect(send(to: port, trusting: PEM.serverCertificate) == nil)
            #expect(next.batches.elements.count == 1)
            try await #expect(send(to: port, trusting: PEM.serverCertificate, andSystem: true) == nil)
            try await #expect(send(to: port, trusting: PEM.clientCertificate, andSystem: true)?.code == .unavailable)
            try await #expect(send(to: port, trusting: nil)?.code == .unavailable)
            try await #expect(send(to: port, trusting: PEM.clientCertificate)?.code == .unavailable)
        }
    }

    @Test func withAClientCAOnlyClientsWithACertificateAreServed() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).pem")
        try Data(PEM.clientCertificate.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        var tls = tls
        tls.clientCAFile = file.path
        try await run(configure: { $0.tls = tls }) { port in
            try await #expect(send(to: port, trusting: PEM.serverCertificate) != nil)
            let certificate = (PEM.clientCertificate, PEM.clientKey)
            try await #expect(send(to: port, trusting: PEM.serverCertificate, certificate: certificate) == nil)
        }
    }

    @Test func aCertificateThatIsReplacedIsShownToNewConnections() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (certificate, key) = (folder.appending(path: "tls.crt"), folder.appending(path: "tls.key"))
        func write(_ pem: (String, String)) throws {
            try Data(pem.1.utf8).write(to: key, options: .atomic)
            try Data(pem.0.utf8).write(to: certificate, options: .atomic)
        }
        try write((PEM.serverCertificate, PEM.serverKey))
        var tls = ServerTLSConfiguration()
        (tls.certFile, tls.keyFile) = (certificate.path, key.path)
        tls.reloadInterval = .milliseconds(10)
        try await run(configure: { $0.tls = tls }) { port in
            try await #expect(send(to: port, trusting: PEM.serverCertificate) == nil)
            try write((PEM.clientCertificate, PEM.clientKey))
            _ = await context.log("TLS certificates were read again.")
            try await #expect(send(to: port, trusting: PEM.clientCertificate) == nil)
            try await #expect(send(to: port, trusting: PEM.serverCertificate)?.code == .unavailable)
        }
    }
}
