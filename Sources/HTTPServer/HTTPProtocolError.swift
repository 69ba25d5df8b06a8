public import NIOHTTP1

/// A request that the server refuses by itself, before its handler sees it.
public enum HTTPProtocolError: Error, Equatable, CustomStringConvertible {
    case badRequest(String)
    case targetTooLong
    case headersTooLarge
    case unsupportedVersion
    case unsupportedExpectation
    case unsupportedTransferEncoding
    case timeout

    init(_ error: HTTPParserError) {
        switch error {
        case .headerOverflow: self = .headersTooLarge
        case .invalidVersion: self = .unsupportedVersion
        default: self = .badRequest("malformed HTTP")
        }
    }

    public var status: HTTPResponseStatus {
        switch self {
        case .badRequest: .badRequest
        case .targetTooLong: .uriTooLong
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .unsupportedVersion: .httpVersionNotSupported
        case .unsupportedExpectation: .expectationFailed
        case .unsupportedTransferEncoding: .notImplemented
        case .timeout: .requestTimeout
        }
    }

    public var description: String {
        switch self {
        case .badRequest(let reason): "400 bad request: \(reason)"
        case .targetTooLong: "414 request target too long"
        case .headersTooLarge: "431 request header fields too large"
        case .unsupportedVersion: "505 HTTP version not supported"
        case .unsupportedExpectation: "417 expectation failed"
        case .unsupportedTransferEncoding: "501 unsupported transfer encoding"
        case .timeout: "408 request timeout"
        }
    }
}
