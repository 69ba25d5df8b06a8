import Collector
import HTTPClient
import OTLP
import SwiftProtobuf

/// What a backend's answer means (specification of OTLP, "OTLP/HTTP Response"), in the Collector's wording.
struct OTLPHTTPAnswer: Sendable, Equatable {
    /// A success that did not take everything; never sent again.
    struct PartialSuccess: Sendable, Equatable {
        let rejectedSpans: Int64
        let message: String
    }

    let outcome: ExportOutcome
    var partialSuccess: PartialSuccess?

    /// How much of an answer is looked at; the Collector's limit.
    static let bodyLimit = 64 << 10

    init(_ error: HTTPClientError) {
        let message = "failed to make an HTTP request: \(error)"
        switch error.kind {
        case .responseTooLarge(let status) where Self.isRetryable(status): outcome = .retryable(message)
        case .invalidURL, .responseTooLarge: outcome = .permanent(message)
        case .connect, .tls, .timeout, .disconnected, .cancelled, .other: outcome = .retryable(message)
        }
    }

    /// - Parameter now: seconds since 1970, for a Retry-After that is a date.
    init(_ response: HTTPClientResponse, url: String, now: Double) {
        let type = (response.header("Content-Type") ?? "").prefix { $0 != ";" }.lowercased()
        if (200..<300).contains(response.status) {
            self.init(success: response, type: type)
            return
        }
        // The message goes into the log, and without a queue to the sender.
        let url = url.redactingCredentials
        var message = "error exporting items, request to \(url) responded with HTTP Status Code \(response.status)"
        if let text = Self.statusMessage(response.body, type: type) { message += ", Message=\(text), Details=[]" }
        switch response.status {
        case 429, 503:
            let retryAfter = response.header("Retry-After").flatMap { RetryAfter.parse($0, now: now) }
            self.init(.retryable(message, retryAfter: retryAfter))
        case 502, 504: self.init(.retryable(message))
        case 400, 413, 422: self.init(.rejected(message))
        default: self.init(.permanent(message))
        }
    }

    private init(_ outcome: ExportOutcome) {
        self.outcome = outcome
    }

    private init(success response: HTTPClientResponse, type: String) {
        typealias Response = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceResponse
        do {
            var content = Response()
            switch type {
            case _ where response.body.isEmpty: break
            case "application/x-protobuf": content = try Response(serializedBytes: response.body)
            case "application/json":
                var options = JSONDecodingOptions()
                options.ignoreUnknownFields = true
                content = try Response(jsonUTF8Bytes: response.body, options: options)
            default: break
            }
            let partial = content.partialSuccess
            if partial.rejectedSpans != 0 || !partial.errorMessage.isEmpty {
                partialSuccess = PartialSuccess(rejectedSpans: partial.rejectedSpans, message: partial.errorMessage)
            }
            outcome = .delivered
        } catch {
            outcome = .permanent("error parsing response: \(error)")
        }
    }

    private static func isRetryable(_ status: Int) -> Bool { [429, 502, 503, 504].contains(status) }

    /// The message of a google.rpc.Status, or a short text that stands in its place.
    private static func statusMessage(_ body: [UInt8], type: String) -> String? {
        let body = Array(body.prefix(bodyLimit))
        var message: String?
        switch type {
        case "application/x-protobuf": message = try? Google_Rpc_Status(serializedBytes: body).message
        case "application/json":
            var options = JSONDecodingOptions()
            options.ignoreUnknownFields = true
            message = try? Google_Rpc_Status(jsonUTF8Bytes: body, options: options).message
        case "text/plain": message = String(decoding: body.prefix(256), as: UTF8.self)
        default: break
        }
        guard let message = message?.filter({ !$0.isNewline }), !message.isEmpty else { return nil }
        return message
    }
}
