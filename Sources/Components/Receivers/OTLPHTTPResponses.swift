import Collector
import HTTPServer
import NIOCore
import NIOHTTP1
import OTLP
import SwiftProtobuf

/// The encodings of OTLP/HTTP. A response has that of its request.
enum OTLPEncoding: String, Sendable {
    case protobuf = "application/x-protobuf"
    case json = "application/json"

    /// Of a `Content-Type`; parameters behind the type count for nothing. nil for any other.
    init?(contentType: String?) {
        guard let contentType else { return nil }
        // Nearly all are this one.
        if contentType == "application/x-protobuf" {
            self = .protobuf
            return
        }
        if let exact = OTLPEncoding(rawValue: contentType) {
            self = exact
            return
        }
        self.init(rawValue: contentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " })
    }
}

/// The answers of OTLP/HTTP (specification of OTLP, "OTLP/HTTP Response"), in the Collector's words.
final class OTLPHTTPResponses: Sendable {
    private let encoding: OTLPEncoding
    /// Close the connection behind each.
    private let close: Bool
    /// 200 and an empty ExportTraceServiceResponse. Tekton's exporter insists on exactly this content type.
    let success: HTTPServerResponse

    init(_ encoding: OTLPEncoding, close: Bool) {
        self.encoding = encoding
        self.close = close
        success =
            HTTPServerResponse(
                status: .ok,
                headers: ["Content-Type": encoding.rawValue],
                body: encoding == .json ? ByteBuffer(string: "{}") : ByteBuffer(),
                close: close
            ).prepared
    }

    var notFound: HTTPServerResponse { status(.notFound, code: 5, "404 page not found") }

    var methodNotAllowed: HTTPServerResponse {
        var response = status(.methodNotAllowed, code: 12, "405 method not allowed, supported: [POST]")
        response.headers.add(name: "Allow", value: "POST")
        return response
    }

    var unsupportedMediaType: HTTPServerResponse {
        let message = "415 unsupported media type, supported: [application/json, application/x-protobuf]"
        return status(.unsupportedMediaType, code: 3, message)
    }

    /// An error whose body is a google.rpc.Status.
    ///
    /// - Parameter code: as in google/rpc/code.proto.
    func status(_ status: HTTPResponseStatus, code: Int32, _ message: String) -> HTTPServerResponse {
        var content = Google_Rpc_Status()
        content.code = code
        content.message = message
        // Encoding fails for required fields and invalid UTF-8 only; there are neither. `code` may be omitted.
        let bytes: [UInt8]? =
            switch encoding {
            case .protobuf: try? content.serializedBytes()
            case .json: try? content.jsonUTF8Bytes()
            }
        return HTTPServerResponse(
            status: status,
            headers: ["Content-Type": encoding.rawValue],
            body: ByteBuffer(bytes: bytes ?? []),
            close: close
        )
    }

    func badRequest(_ message: String) -> HTTPServerResponse {
        status(.badRequest, code: 3, message)
    }

    func tooLarge(limit: Int) -> HTTPServerResponse {
        status(.payloadTooLarge, code: 3, "request body too large: the limit is \(limit) bytes (max_request_body_size)")
    }

    var noRoom: HTTPServerResponse {
        let message = "too many requests are being read: no memory for another body at the moment"
        return refused(ConsumeError(.unavailable, message, retryAfter: .seconds(1)))
    }

    /// What is no HTTP, or not what the server takes.
    func protocolError(_ error: HTTPProtocolError) -> HTTPServerResponse {
        let code: Int32 =
            switch error {
            case .badRequest, .targetTooLong, .headersTooLarge, .unsupportedExpectation: 3
            case .unsupportedVersion, .unsupportedTransferEncoding: 12
            case .timeout: 4
            }
        return status(error.status, code: code, error.description)
    }

    func refused(_ error: ConsumeError) -> HTTPServerResponse {
        switch error.kind {
        case .malformed: return badRequest(error.message)
        case .permanent: return status(.internalServerError, code: 13, error.message)
        case .unavailable:
            var response = status(.serviceUnavailable, code: 14, error.message)
            if let retryAfter = error.retryAfter {
                // Whole seconds (RFC 9110, 10.2.3), never too early.
                let (seconds, attoseconds) = retryAfter.components
                let whole = attoseconds > 0 ? seconds.addingReportingOverflow(1).partialValue : seconds
                response.headers.add(name: "Retry-After", value: "\(max(whole, 1))")
            }
            return response
        }
    }
}
