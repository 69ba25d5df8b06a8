import Collector
import Compression
import HTTPServer
import NIOCore
import NIOHTTP1
import OTLP

/// OTLP/HTTP requests in, batches out to the pipeline.
final class OTLPHTTPHandler: HTTPServerHandler {
    private enum Encoding {
        case identity
        case gzip
        case deflate
    }

    private let paths: [String]
    private let limit: Int
    private let next: any TraceConsumer
    /// nil when the pipeline checks the bodies itself.
    private let scanner: SpanScanner?
    private let responses: OTLPHTTPResponses
    let counters = AtomicReceiverCounters()

    init(_ configuration: OTLPReceiverConfiguration.HTTP, next: any TraceConsumer) {
        paths = [configuration.tracesURLPath] + configuration.additionalTracesURLPaths
        limit = configuration.maxRequestBodySize
        self.next = next
        scanner = next.checksWellFormedness ? nil : SpanScanner(taskRunKeys: [], namespaceKeys: [])
        responses = OTLPHTTPResponses(close: !configuration.keepAlivesEnabled)
    }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        guard paths.contains(path) else { return failed(responses.notFound) }
        guard method == .POST else { return failed(responses.methodNotAllowed) }
        guard isProtobuf(headers.first(name: "Content-Type")) else { return failed(responses.unsupportedMediaType) }
        guard encoding(headers) != nil else {
            let name = headers.first(name: "Content-Encoding") ?? ""
            return failed(responses.badRequest("unsupported Content-Encoding: \(name)"))
        }
        return .read(maxBodyBytes: limit)
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse {
        counters.failed()
        return responses.tooLarge(limit: limit)
    }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        var body = request.body
        do {
            switch encoding(request.headers) {
            case .gzip: body = try body.inflated(.gzip, limit: limit)
            case .deflate: body = try body.inflated(.httpDeflate, limit: limit)
            case .identity, nil: break
            }
        } catch CompressionError.tooLarge {
            counters.failed()
            return responder.respond(responses.tooLarge(limit: limit))
        } catch {
            counters.failed()
            return responder.respond(responses.badRequest("cannot decompress the body: \(error)"))
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
        next.consume(batch) { [self] result in
            switch result {
            case .accepted(let spanCount):
                counters.accepted(spans: spanCount)
                responder.respond(responses.success)
            case .refused(let error):
                if error.kind == .malformed { counters.failed() } else { counters.refused() }
                responder.respond(responses.refused(error))
            }
        }
    }

    private func failed(_ response: HTTPServerResponse) -> HTTPHeadDecision {
        counters.failed()
        return .respond(response)
    }

    /// Parameters behind the type count for nothing.
    private func isProtobuf(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        if contentType == "application/x-protobuf" { return true }
        let type = contentType.prefix { $0 != ";" }
        return type.lowercased().filter { $0 != " " } == "application/x-protobuf"
    }

    /// nil for an encoding that is not supported.
    private func encoding(_ headers: HTTPHeaders) -> Encoding? {
        switch headers.first(name: "Content-Encoding")?.lowercased() {
        case nil, "", "identity": .identity
        case "gzip": .gzip
        case "deflate", "zlib": .deflate
        default: nil
        }
    }
}
