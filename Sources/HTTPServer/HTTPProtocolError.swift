internal import NIOHTTP1

/// A request that the server refuses by itself, before its handler sees it.
enum HTTPProtocolError: Error, Equatable {
    case badRequest(String)
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

    /// The answer. The connection cannot go on behind it.
    var response: HTTPServerResponse {
        switch self {
        case .badRequest(let reason): .text(.badRequest, "400 bad request: \(reason)\n", close: true)
        case .headersTooLarge:
            .text(.requestHeaderFieldsTooLarge, "431 request header fields too large\n", close: true)
        case .unsupportedVersion: .text(.httpVersionNotSupported, "505 HTTP version not supported\n", close: true)
        case .unsupportedExpectation: .text(.expectationFailed, "417 expectation failed\n", close: true)
        case .unsupportedTransferEncoding: .text(.notImplemented, "501 unsupported transfer encoding\n", close: true)
        case .timeout: .text(.requestTimeout, "408 request timeout\n", close: true)
        }
    }
}
