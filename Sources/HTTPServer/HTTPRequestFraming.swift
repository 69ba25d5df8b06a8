internal import NIOHTTP1

/// What a request head says about the message around it: where the body ends and whether the connection stays.
struct HTTPRequestFraming: Equatable {
    enum BodyLength: Equatable {
        case none
        case fixed(Int)
        case chunked
    }

    var body = BodyLength.none
    /// The client wants, and its HTTP version allows, another request on this connection.
    var keepsAlive = false
    var isHTTP10 = false
    /// A response to HEAD has no body.
    var isHEAD = false
    /// The client holds the body back until it sees `100 Continue`.
    var expectsContinue = false

    /// RFC 9112, 3: a server should take 8,000 at least.
    private static let maxTargetBytes = 8192

    /// Before any request is read.
    init() {}

    /// Checks what the parser leaves open. Each message is delimited in exactly one way (RFC 9112, 6.3): a doubtful one
    /// is refused, as it may be an attempt to smuggle a request past a proxy.
    init(_ head: HTTPRequestHead) throws(HTTPProtocolError) {
        guard head.uri.utf8.count <= Self.maxTargetBytes else { throw .targetTooLong }
        isHTTP10 = head.version == .http1_0
        isHEAD = head.method == .HEAD
        keepsAlive = head.isKeepAlive
        var hosts = 0
        var lengths = 0
        var encodings = 0
        // Switching on the length first leaves nearly every header without a comparison.
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 4 where name.isHeader("host"):
                hosts += 1
            case 6 where name.isHeader("expect"):
                guard value.isHeader("100-continue") else { throw .unsupportedExpectation }
                expectsContinue = !isHTTP10
            case 7 where name.isHeader("upgrade"):
                // The parser stops behind such a message.
                keepsAlive = false
            case 14 where name.isHeader("content-length"):
                lengths += 1
                body = .fixed(try Self.contentLength(value))
            case 17 where name.isHeader("transfer-encoding"):
                encodings += 1
                guard value.isHeader("chunked") else { throw .unsupportedTransferEncoding }
            default:
                break
            }
        }
        guard hosts == 1 || (hosts == 0 && isHTTP10) else { throw .badRequest("exactly one Host header is required") }
        guard lengths + encodings <= 1, encodings == 0 || !isHTTP10 else {
            throw .badRequest("ambiguous length of the body")
        }
        if encodings == 1 { body = .chunked }
        if body == .fixed(0) { body = .none }
        if head.method == .CONNECT { keepsAlive = false }
    }

    private static func contentLength(_ text: String) throws(HTTPProtocolError) -> Int {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(text) else {
            throw .badRequest("invalid Content-Length")
        }
        return length
    }
}

extension String {
    /// Equality without regard to the case of ASCII letters; `lowercase` is in lower case.
    func isHeader(_ lowercase: String) -> Bool {
        let bytes = utf8Span.span
        let expected = lowercase.utf8Span.span
        guard bytes.count == expected.count else { return false }
        for index in bytes.indices {
            let byte = bytes[index]
            guard (byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte) == expected[index] else { return false }
        }
        return true
    }
}
