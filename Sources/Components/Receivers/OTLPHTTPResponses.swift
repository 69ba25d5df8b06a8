import Collector
import HTTPServer
import NIOCore
import NIOHTTP1
import OTLP
import SwiftProtobuf

/// The answers of OTLP/HTTP (specification of OTLP, "OTLP/HTTP Response"), in the Collector's wording.
struct OTLPHTTPResponses: Sendable {
    private static let protobuf = "application/x-protobuf"

    /// Close the connection behind each.
    let close: Bool
    /// 200 and an empty ExportTraceServiceResponse, which is encoded as nothing. Tekton's exporter insists on exactly
    /// this content type.
    let success: HTTPServerResponse
    let notFound: HTTPServerResponse
    let methodNotAllowed: HTTPServerResponse
    let unsupportedMediaType: HTTPServerResponse

    init(close: Bool) {
        self.close = close
        success = HTTPServerResponse(status: .ok, headers: ["Content-Type": Self.protobuf], close: close)
        notFound = Self.text(.notFound, "404 page not found", close: close)
        var notAllowed = Self.text(.methodNotAllowed, "405 method not allowed, supported: [POST]", close: close)
        notAllowed.headers.add(name: "Allow", value: "POST")
        methodNotAllowed = notAllowed
        unsupportedMediaType = Self.text(
            .unsupportedMediaType,
            "415 unsupported media type, supported: [application/x-protobuf]",
            close: close
        )
    }

    /// An error whose body is a google.rpc.Status.
    ///
    /// - Parameter code: as in google/rpc/code.proto.
    func status(_ status: HTTPResponseStatus, code: Int32, _ message: String) -> HTTPServerResponse {
        var content = Google_Rpc_Status()
        content.code = code
        content.message = message
        // Encoding fails for required fields and invalid UTF-8 only; there are neither. `code` may be omitted.
        let bytes: [UInt8] = (try? content.serializedBytes()) ?? []
        return HTTPServerResponse(
            status: status,
            headers: ["Content-Type": Self.protobuf],
            body: ByteBuffer(bytes: bytes),
            close: close
        )
    }

    func badRequest(_ message: String) -> HTTPServerResponse {
        status(.badRequest, code: 3, message)
    }

    func tooLarge(limit: Int) -> HTTPServerResponse {
        status(.payloadTooLarge, code: 3, "request body too large: the limit is \(limit) bytes (max_request_body_size)")
    }

    func refused(_ error: ConsumeError) -> HTTPServerResponse {
        switch error.kind {
        case .malformed: return badRequest(error.message)
        case .permanent: return status(.internalServerError, code: 13, error.message)
        case .unavailable:
            var response = status(.serviceUnavailable, code: 14, error.message)
            if let retryAfter = error.retryAfter {
                // Whole seconds (RFC 9110, 10.2.3), never too early.
                let seconds = Int((retryAfter / .seconds(1)).rounded(.up))
                response.headers.add(name: "Retry-After", value: "\(max(seconds, 1))")
            }
            return response
        }
    }

    private static func text(_ status: HTTPResponseStatus, _ text: String, close: Bool) -> HTTPServerResponse {
        HTTPServerResponse(
            status: status,
            headers: ["Content-Type": "text/plain"],
            body: ByteBuffer(string: text),
            close: close
        )
    }
}
