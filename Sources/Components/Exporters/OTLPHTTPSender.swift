import Collector
import Compression
import FoundationEssentials
import HTTPClient
import Logging
import NIOCore
import NIOPosix
import OTLP
import Synchronization

/// Posts batches to a backend that speaks OTLP/HTTP.
final class OTLPHTTPSender: BatchSender {
    private let configuration: OTLPHTTPExporterConfiguration
    private let client: HTTPClient
    private let headers: [(name: String, value: String)]
    private let compressors: CompressorPool?
    private let logger: Logger
    private let authenticator: (any ClientAuthenticator)?
    private let rejectedSpans = Atomic<Int64>(0)

    /// - Parameter authenticator: brings the credentials of each request.
    init(
        _ configuration: OTLPHTTPExporterConfiguration,
        authenticator: (any ClientAuthenticator)? = nil,
        logger: Logger
    ) throws {
        self.configuration = configuration
        self.logger = logger
        self.authenticator = authenticator
        var client = HTTPClientConfiguration()
        client.tls = configuration.tls.client
        client.proxy = configuration.proxyURL
        client.maxConnectionsPerHost = configuration.maxConnectionsPerHost
        client.maxIdleConnections = configuration.maxIdleConnections
        client.idleConnectionTimeout = configuration.idleConnectionTimeout
        client.disableKeepAlives = configuration.disableKeepAlives
        client.httpVersion = configuration.http2 ? .automatic : .http1
        client.userAgent = UserAgent.text
        self.client = try HTTPClient(configuration: client)
        if configuration.tls.insecureSkipVerify {
            logger.warning("tls::insecure_skip_verify is set: the backend's certificate is not verified")
        }
        let type = configuration.encoding == .json ? "application/json" : "application/x-protobuf"
        var headers = [(name: "Content-Type", value: type)]
        compressors = configuration.compression.format.map {
            CompressorPool($0, level: configuration.compressionLevel)
        }
        if compressors != nil { headers.append(("Content-Encoding", configuration.compression.rawValue)) }
        for (name, value) in configuration.headers.sorted(by: { $0.key < $1.key }) { headers.append((name, value)) }
        self.headers = headers
    }

    func send(_ batches: [TraceBatch], _ completion: @escaping @Sendable (ExportOutcome) -> Void) {
        guard compressors != nil || configuration.encoding == .json else {
            return post(Self.concatenated(batches), completion)
        }
        // JSON and compression take too long for an event loop or the client's thread.
        NIOThreadPool.singleton.submit { [self] _ in
            do {
                var body = Self.concatenated(batches)
                if configuration.encoding == .json { body = try OTLPJSON.encode(body) }
                if let compressors { body = try compressors.compress(body) }
                post(body, completion)
            } catch {
                completion(.permanent("cannot encode the request: \(error)"))
            }
        }
    }

    private static func concatenated(_ batches: [TraceBatch]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(batches.reduce(0) { $0 + $1.byteCount })
        for batch in batches { bytes.append(contentsOf: batch.body.readableBytesView) }
        return bytes
    }

    /// Spans that backends have rejected of requests they took otherwise.
    var partiallyRejectedSpans: Int { Int(rejectedSpans.load(ordering: .relaxed)) }

    func shutdown() async { client.shutdown() }

    private func post(_ body: [UInt8], _ completion: @escaping @Sendable (ExportOutcome) -> Void) {
        var headers = headers
        do {
            // Asked for each request: they may change.
            if let authenticator { headers += try authenticator.credentials() }
        } catch {
            return completion(.retryable("no credentials for the request: \(error)"))
        }
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
        case .failure(let error): answer = OTLPHTTPAnswer(error)
        }
        if let partial = answer.partialSuccess {
            rejectedSpans.add(max(0, partial.rejectedSpans), ordering: .relaxed)
            logger.warning(
                "Partial success response",
                metadata: ["message": "\(partial.message)", "dropped_spans": .stringConvertible(partial.rejectedSpans)]
            )
        }
        return answer.outcome
    }
}

extension OTLPHTTPExporterConfiguration.Compression {
    /// The Collector's `deflate` is zlib's format too, as HTTP has it.
    fileprivate var format: CompressionFormat? {
        switch self {
        case .gzip: .gzip
        case .zlib, .deflate: .zlib
        case .none: nil
        }
    }
}
