import Collector
import FoundationEssentials
import HTTPClient
import Logging
import NIOCore
import NIOPosix

/// Posts batches to a backend that speaks OTLP/HTTP.
final class OTLPHTTPSender: BatchSender {
    private let configuration: OTLPHTTPExporterConfiguration
    private let client: HTTPClient
    private let headers: [(name: String, value: String)]
    private let compressors: CompressorPool?
    private let logger: Logger

    init(_ configuration: OTLPHTTPExporterConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        var client = HTTPClientConfiguration()
        client.tls = configuration.tls.client
        client.proxy = configuration.proxyURL
        client.maxConnectionsPerHost = configuration.maxConnectionsPerHost
        client.maxIdleConnections = configuration.maxIdleConnections
        client.idleConnectionTimeout = configuration.idleConnectionTimeout
        client.disableKeepAlives = configuration.disableKeepAlives
        client.userAgent = "\(BuildInfo.command)/\(BuildInfo.version) (linux/\(Self.architecture))"
        self.client = try HTTPClient(configuration: client)
        if configuration.tls.insecureSkipVerify {
            logger.warning("tls::insecure_skip_verify is set: the backend's certificate is not verified")
        }
        var headers = [(name: "Content-Type", value: "application/x-protobuf")]
        switch configuration.compression {
        case .gzip:
            headers.append(("Content-Encoding", "gzip"))
            compressors = CompressorPool(level: configuration.compressionLevel)
        case .none: compressors = nil
        }
        for (name, value) in configuration.headers.sorted(by: { $0.key < $1.key }) { headers.append((name, value)) }
        self.headers = headers
    }

    func send(_ batches: [TraceBatch], _ completion: @escaping @Sendable (ExportOutcome) -> Void) {
        guard let compressors else { return post(Self.concatenated(batches), completion) }
        // Compression takes too long for an event loop or the client's thread.
        NIOThreadPool.singleton.submit { [self] _ in
            do {
                post(try compressors.gzip(Self.concatenated(batches)), completion)
            } catch {
                completion(.permanent("cannot compress the request: \(error)"))
            }
        }
    }

    private static func concatenated(_ batches: [TraceBatch]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(batches.reduce(0) { $0 + $1.byteCount })
        for batch in batches { bytes.append(contentsOf: batch.body.readableBytesView) }
        return bytes
    }

    func shutdown() async { client.shutdown() }

    /// As Go names it, and with it the Collector's User-Agent.
    private static var architecture: String {
        #if arch(x86_64)
        "amd64"
        #elseif arch(arm64)
        "arm64"
        #else
        "unknown"
        #endif
    }

    private func post(_ body: [UInt8], _ completion: @escaping @Sendable (ExportOutcome) -> Void) {
        let request = HTTPClientRequest(
            method: "POST",
            url: configuration.tracesURL,
            headers: headers,
            body: body,
            timeout: configuration.timeout > .zero ? configuration.timeout : nil
        )
        client.execute(request) { [self] result in
            completion(outcome(of: result))
        }
    }

    private func outcome(of result: Result<HTTPClientResponse, HTTPClientError>) -> ExportOutcome {
        let answer: OTLPHTTPAnswer
        switch result {
        case .success(let response):
            answer = OTLPHTTPAnswer(response, url: configuration.tracesURL, now: Date().timeIntervalSince1970)
        case .failure(let error): answer = OTLPHTTPAnswer(error, url: configuration.tracesURL)
        }
        if let partial = answer.partialSuccess {
            logger.warning(
                "Partial success response",
                metadata: ["message": "\(partial.message)", "dropped_spans": .stringConvertible(partial.rejectedSpans)]
            )
        }
        return answer.outcome
    }
}
