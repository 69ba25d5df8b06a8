import Collector
import Compression
import HTTPServer
import NIOCore
import NIOHTTP1
import OTLP

/// OTLP/HTTP requests in, batches out to the pipeline.
final class OTLPHTTPHandler: HTTPServerHandler {
    private enum Encoding: UInt8 {
        case identity
        case gzip
        case deflate

        var format: CompressionFormat? {
            switch self {
            case .identity: nil
            case .gzip: .gzip
            case .deflate: .httpDeflate
            }
        }
    }

    /// What a request's head says about its body, looked up once.
    private struct Note {
        let isJSON: Bool
        let encoding: Encoding

        init(isJSON: Bool, encoding: Encoding) {
            self.isJSON = isJSON
            self.encoding = encoding
        }

        init(_ code: UInt8) {
            isJSON = code & 1 != 0
            encoding = Encoding(rawValue: code >> 1) ?? .identity
        }

        var code: UInt8 { encoding.rawValue << 1 | (isJSON ? 1 : 0) }
    }

    private let paths: [String]
    private let limit: Int
    private let algorithms: Set<String>
    private let takesIdentity: Bool
    private let includesMetadata: Bool
    private let next: any TraceConsumer
    /// nil when the pipeline checks the bodies itself.
    private let scanner: SpanScanner?
    private let protobuf: OTLPHTTPResponses
    private let json: OTLPHTTPResponses
    let counters = AtomicReceiverCounters()

    init(_ configuration: OTLPReceiverConfiguration.HTTP, next: any TraceConsumer) {
        paths = [configuration.tracesURLPath] + configuration.additionalTracesURLPaths
        limit = configuration.server.maxRequestBodySize
        algorithms = Set(configuration.server.compressionAlgorithms)
        takesIdentity = algorithms.contains("")
        includesMetadata = configuration.server.includeMetadata
        self.next = next
        scanner = next.checksWellFormedness ? nil : SpanScanner(taskRunKeys: [], namespaceKeys: [])
        let close = !configuration.server.keepAlivesEnabled
        protobuf = OTLPHTTPResponses(.protobuf, close: close)
        json = OTLPHTTPResponses(.json, close: close)
    }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        guard paths.contains(path) else { return failed(responses(headers).notFound) }
        guard method == .POST else { return failed(responses(headers).methodNotAllowed) }
        guard let type = OTLPEncoding(contentType: headers.first(name: "Content-Type")) else {
            return failed(json.unsupportedMediaType)
        }
        guard let encoding = self.encoding(headers) else {
            let name = headers.first(name: "Content-Encoding") ?? ""
            return failed(responses(headers).badRequest("unsupported Content-Encoding: \(name)"))
        }
        if isLong(headers), let error = next.overload {
            counters.refusedUnread(.overload)
            return .respond(responses(headers).refused(error))
        }
        return .read(maxBodyBytes: limit, note: Note(isJSON: type == .json, encoding: encoding).code)
    }

    /// Whether the body is longer than one that is thrown away rather than the connection closed, or may be. What is in
    /// others is counted, whatever becomes of it.
    private func isLong(_ headers: HTTPHeaders) -> Bool {
        guard let length = headers.first(name: "Content-Length").flatMap({ Int($0) }) else {
            return headers.contains(name: "Transfer-Encoding")
        }
        return length > 64 * 1024
    }

    /// Answers in the request's encoding; in JSON where that is neither.
    private func responses(_ headers: HTTPHeaders) -> OTLPHTTPResponses {
        OTLPEncoding(contentType: headers.first(name: "Content-Type")) == .protobuf ? protobuf : json
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse {
        counters.failed()
        return responses(headers).tooLarge(limit: limit)
    }

    func noRoomForBody(headers: HTTPHeaders) -> HTTPServerResponse {
        counters.refusedUnread(.memory)
        return responses(headers).noRoom
    }

    func unauthorized(_ error: AuthenticationError, headers: HTTPHeaders) -> HTTPServerResponse {
        counters.failed()
        if error.isTemporary {
            return responses(headers).refused(
                ConsumeError(.unavailable, error.description, retryAfter: .seconds(1))
            )
        }
        return responses(headers).status(.unauthorized, code: 16, error.description)
    }

    func protocolError(_ error: HTTPProtocolError, headers: HTTPHeaders?) -> HTTPServerResponse {
        counters.failed()
        return responses(headers ?? [:]).protocolError(error)
    }

    func refusal(headers: HTTPHeaders) -> HTTPServerResponse {
        responses(headers).refused(ConsumeError(.unavailable, "shutting down", retryAfter: .seconds(1)))
    }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        let note = Note(request.note)
        let responses = note.isJSON ? json : protobuf
        var body = request.body
        do {
            if let format = note.encoding.format {
                let sent = body.readableBytes
                body = try body.inflated(format, limit: limit) { responder.hold(sent + $0) }
            }
            if note.isJSON { body = ByteBuffer(bytes: try OTLPJSON.decode(body.readableBytesSpan)) }
        } catch CompressionError.outOfMemory {
            counters.refusedUnread(.memory)
            return responder.respond(responses.noRoom)
        } catch CompressionError.tooLarge {
            counters.failed()
            return responder.respond(responses.tooLarge(limit: limit))
        } catch let error as OTLPJSONError {
            counters.failed()
            return responder.respond(responses.badRequest("not an ExportTraceServiceRequest in JSON: \(error)"))
        } catch {
            counters.failed()
            return responder.respond(responses.badRequest("cannot decompress the body: \(error)"))
        }
        guard responder.hold(body.readableBytes) else {
            counters.refusedUnread(.memory)
            return responder.respond(responses.noRoom)
        }
        var batch = TraceBatch(body: body)
        if let scanner {
            do {
                batch.spanCount = try scanner.scan(body.readableBytesSpan) { _ in }
            } catch {
                counters.failed()
                return responder.respond(responses.badRequest("not an ExportTraceServiceRequest: \(error)"))
            }
        }
        // The specification wants an empty request to succeed. Unscanned, only a body without bytes is known as such.
        if batch.byteCount == 0 || (scanner != nil && batch.spanCount == 0) {
            counters.accepted(spans: 0)
            return responder.respond(responses.success)
        }
        if includesMetadata { batch.metadata = BatchMetadata(request.headers.map { (name: $0.name, value: $0.value) }) }
        // Not the responses are captured, but what they depend on: one reference less that all event loops count.
        next.consume(batch) { [self, batch, isJSON = note.isJSON] result in
            switch result {
            case .accepted(let spanCount):
                counters.accepted(spans: spanCount)
                responder.respond((isJSON ? json : protobuf).success)
            case .refused(let error):
                if error.kind == .malformed { counters.failed() } else { counters.refused(batch) }
                responder.respond((isJSON ? json : protobuf).refused(error))
            }
        }
    }

    private func failed(_ response: HTTPServerResponse) -> HTTPHeadDecision {
        counters.failed()
        return .respond(response)
    }

    /// nil for an encoding that is not supported.
    private func encoding(_ headers: HTTPHeaders) -> Encoding? {
        guard let name = headers.first(name: "Content-Encoding")?.lowercased(), name != "", name != "identity" else {
            return takesIdentity ? .identity : nil
        }
        guard algorithms.contains(name) else { return nil }
        return name == "gzip" ? .gzip : .deflate
    }
}
