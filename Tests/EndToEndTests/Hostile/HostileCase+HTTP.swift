/// HTTP/1.1 that is wrong: framing, lengths, smuggling, floods, slowness.
extension HostileCase {
    private static let start = "POST /v1/traces HTTP/1.1\r\nHost: x\r\n"
    private static let proto = "Content-Type: application/x-protobuf\r\n"
    private static let close = "Connection: close\r\n"

    /// A request with these headers and this body.
    private static func post(_ headers: String, _ body: String = "") -> String {
        start + proto + headers + "\r\n" + body
    }

    private static func many(_ count: Int, _ text: String) -> String { String(repeating: text, count: count) }

    static var http: [HostileCase] { requestLines + lengths + smuggling + headers + chunks + slow + floods }

    private static let requestLines = [
        HostileCase("bytes of no protocol", [0, 1, 2, 3, 0xFF, 0x0D, 0x0A, 0x0D, 0x0A], .statuses([400])),
        HostileCase("TLS hello on the plain port", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3], .statuses([400])),
        HostileCase("HTTP/2 preface on the HTTP port", HTTP2.hello, .anyOf([400, 505])),
        HostileCase("request line without target", "GET\r\n\r\n", .statuses([400])),
        HostileCase("method with an invalid character", "P@ST / HTTP/1.1\r\nHost: x\r\n\r\n", .statuses([400])),
        HostileCase("HTTP/9.9", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", .anyOf([400, 505])),
        HostileCase("HTTP/2.0 in text", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", .anyOf([400, 505])),
        HostileCase("HTTP/0.9", "GET /\r\n\r\n", .anyOf([400, 505])),
        HostileCase("target of 10 KB", "GET /\(many(10_000, "x")) HTTP/1.1\r\nHost: x\r\n\r\n", .statuses([414])),
        HostileCase("target of 200 KB", "GET /\(many(200_000, "x")) HTTP/1.1\r\nHost: x\r\n\r\n", .statuses([431])),
        HostileCase("space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", .statuses([400])),
        HostileCase("NUL in the target", "GET /a\u{0}b HTTP/1.1\r\nHost: x\r\n\r\n", .statuses([400])),
        HostileCase("CONNECT", "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", .anyOf([400, 404, 405])),
        HostileCase("TRACE", "TRACE /v1/traces HTTP/1.1\r\nHost: x\r\n\(close)\r\n", .statuses([405])),
        HostileCase("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\(close)\r\n", .statuses([404])),
        HostileCase("path traversal", "GET /v1/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\(close)\r\n", .statuses([404])),
    ]

    private static let lengths = [
        HostileCase("Content-Length negative", post("Content-Length: -1\r\n"), .statuses([400])),
        HostileCase("Content-Length with a sign", post("Content-Length: +4\r\n", "abcd"), .statuses([400])),
        HostileCase("Content-Length hexadecimal", post("Content-Length: 0x4\r\n", "abcd"), .statuses([400])),
        HostileCase("Content-Length a list", post("Content-Length: 4, 4\r\n", "abcd"), .statuses([400])),
        HostileCase("Content-Length two numbers", post("Content-Length: 4 4\r\n", "abcd"), .statuses([400])),
        HostileCase("Content-Length empty", post("Content-Length:\r\n", "abcd"), .statuses([400])),
        HostileCase("Content-Length of 2^64", post("Content-Length: 18446744073709551616\r\n"), .statuses([400])),
        HostileCase("Content-Length of 2^63 - 1", post("Content-Length: 9223372036854775807\r\n"), .statuses([413])),
        HostileCase("Content-Length of 1 TiB", post("Content-Length: 1099511627776\r\n"), .statuses([413])),
        HostileCase(
            "Content-Length of 1 TiB, waiting for 100",
            post("Content-Length: 1099511627776\r\nExpect: 100-continue\r\n"),
            .statuses([413])
        ),
        HostileCase(
            "Content-Length twice",
            post("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd"),
            .statuses([400])
        ),
        HostileCase(
            "Content-Length twice, different",
            post("Content-Length: 4\r\nContent-Length: 5\r\n", "abcd"),
            .statuses([400])
        ),
        HostileCase("body shorter than its length", post("Content-Length: 100\r\n", "abcd"), .halfClose, .gone),
        HostileCase(
            "body longer than its length",
            post("Content-Length: 0\r\n", "more\r\n\r\n"),
            .statuses([200, 400])
        ),
        HostileCase(
            "body of 2 MiB where 1 is the limit",
            post("Content-Length: 2097152\r\n", many(2_097_152, "x")),
            .statuses([413])
        ),
    ]

    private static let smuggling = [
        HostileCase(
            "Content-Length and Transfer-Encoding",
            post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            .statuses([400])
        ),
        HostileCase(
            "Transfer-Encoding and Content-Length",
            post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"),
            .statuses([400])
        ),
        HostileCase(
            "Transfer-Encoding twice",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            .anyOf([400, 501])
        ),
        HostileCase(
            "Transfer-Encoding chunked, identity",
            post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
            .anyOf([400, 501])
        ),
        HostileCase(
            "Transfer-Encoding gzip, chunked",
            post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
            .anyOf([400, 501])
        ),
        HostileCase(
            "Transfer-Encoding xchunked",
            post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
            .anyOf([400, 501])
        ),
        HostileCase(
            "Transfer-Encoding with a vertical tab",
            post("Transfer-Encoding: \u{B}chunked\r\n", "0\r\n\r\n"),
            .anyOf([400, 501])
        ),
        HostileCase(
            "Transfer-Encoding in HTTP/1.0",
            "POST /v1/traces HTTP/1.0\r\n\(proto)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            .statuses([400])
        ),
        HostileCase("space before the colon", post("Content-Length : 4\r\n", "abcd"), .statuses([400])),
        HostileCase("folded header", post("X-A: a\r\n b\r\nContent-Length: 0\r\n"), .statuses([400])),
        HostileCase("bare CR in a header", post("X-A: a\rContent-Length: 4\r\n", "abcd"), .statuses([400])),
        HostileCase("bare LF for line ends", "GET / HTTP/1.1\nHost: x\nConnection: close\n\n", .anyOf([400, 505])),
        HostileCase("NUL in a header", post("X-A: a\u{0}b\r\n"), .statuses([400])),
        HostileCase("header without a name", post(": a\r\n"), .statuses([400])),
        HostileCase("header without a colon", post("nonsense\r\n"), .statuses([400])),
        HostileCase("no Host", "GET / HTTP/1.1\r\n\r\n", .statuses([400])),
        HostileCase("two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", .statuses([400])),
    ]

    private static let headers = [
        HostileCase("header of 200 KB", post("X-A: \(many(200_000, "a"))\r\n"), .statuses([431])),
        HostileCase("header name of 200 KB", post("\(many(200_000, "a")): a\r\n"), .statuses([431])),
        HostileCase("5,000 headers", post(many(5000, "X-A: a\r\n")), .statuses([431])),
        HostileCase("headers of 200 KB", post(many(200, "X-A: \(many(1000, "a"))\r\n")), .statuses([431])),
        HostileCase("Expect something", post("Expect: the worst\r\nContent-Length: 4\r\n", "abcd"), .statuses([417])),
        HostileCase("no Content-Type", start + "\(close)Content-Length: 4\r\n\r\nabcd", .statuses([415])),
        HostileCase(
            "Content-Type of something else",
            start + "\(close)Content-Type: text/html\r\nContent-Length: 4\r\n\r\nabcd",
            .statuses([415])
        ),
        HostileCase(
            "Content-Encoding unknown",
            post("\(close)Content-Encoding: br\r\nContent-Length: 4\r\n", "abcd"),
            .statuses([400])
        ),
        HostileCase(
            "Content-Encoding twice in one",
            post("\(close)Content-Encoding: gzip, gzip\r\nContent-Length: 4\r\n", "abcd"),
            .statuses([400])
        ),
        HostileCase(
            "Upgrade to h2c",
            post(
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\nContent-Length: 0\r\n"
            ),
            .statuses([200])
        ),
    ]

    private static let chunked = "Transfer-Encoding: chunked\r\n"

    private static let chunks = [
        HostileCase("chunk size that is none", post(chunked, "zz\r\n"), .statuses([400])),
        HostileCase("chunk size negative", post(chunked, "-1\r\n"), .statuses([400])),
        HostileCase("chunk size of 2^64", post(chunked, "10000000000000000\r\n"), .statuses([400])),
        HostileCase("chunk size of 2^63 - 1", post(chunked, "7fffffffffffffff\r\n"), .wait, .anyOf([400, 408, 413])),
        HostileCase("chunk longer than its size", post(chunked, "3\r\nabcdef\r\n0\r\n\r\n"), .statuses([400])),
        HostileCase("chunk without its line end", post(chunked, "3\r\nabc0\r\n\r\n"), .statuses([400])),
        HostileCase("chunks without an end", post(chunked, "3\r\nabc\r\n"), .halfClose, .gone),
        HostileCase(
            "chunks of 2 MiB in all",
            post(chunked, many(8, "40000\r\n\(many(0x40000, "x"))\r\n")),
            .statuses([413])
        ),
        HostileCase(
            "chunks of one byte, 2 MiB of them",
            post(chunked, many(1_100_000, "1\r\nx\r\n")),
            .anyOf([408, 413])
        ),
        HostileCase(
            "chunk extension of 4 MB",
            post(chunked, "1;\(many(4_000_000, "x"))"),
            .anyOf([400, 408, 413, 431])
        ),
        HostileCase(
            "trailers of 200 KB",
            post(chunked, "0\r\n\(many(200, "X: \(many(1000, "a"))\r\n"))\r\n"),
            .anyOf([400, 431])
        ),
    ]

    private static let slow = [
        HostileCase("nothing at all", "", .closed),
        HostileCase("half a request line", "POST /v1/tr", .statuses([408])),
        HostileCase("half the headers", start + "Content-Ty", .statuses([408])),
        HostileCase("headers a byte at a time", start + "X: ", .trickle(0x61), .statuses([408])),
        HostileCase("half the body", post("Content-Length: 8\r\n", "abcd"), .statuses([408])),
        HostileCase("body a byte at a time", post("Content-Length: 100000\r\n", "a"), .trickle(0x61), .statuses([408])),
        HostileCase("chunks a byte at a time", post(chunked, "ffff\r\n"), .trickle(0x61), .statuses([408])),
        HostileCase("cut off in the headers", start + "Content-Ty", .halfClose, .gone),
        HostileCase("reset within the body", post("Content-Length: 8\r\n", "abcd"), .reset, .closed),
    ]

    private static let floods = [
        HostileCase(
            "5,000 requests in a row",
            many(4999, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") + "GET / HTTP/1.1\r\nHost: x\r\n\(close)\r\n",
            .statuses([Int](repeating: 404, count: 5000))
        ),
        HostileCase(
            "100,000 requests, and no answer is taken",
            many(100_000, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            .ignore,
            .gone
        ),
        HostileCase("empty lines without end", many(100_000, "\r\n"), .anyOf([400, 408])),
    ]
}
