import Compression

/// HTTP/2 and gRPC that are wrong.
extension HostileCase {
    static func http2(good: [UInt8]) throws -> [HostileCase] {
        try preface + frames + floods + headerBlocks + requests(good)
    }

    private static func many(_ count: Int, _ bytes: [UInt8]) -> [UInt8] { (0..<count).flatMap { _ in bytes } }

    private static func h2(_ name: String, _ bytes: [UInt8], _ expected: Expectation = .closed) -> HostileCase {
        HostileCase("h2: " + name, HTTP2.hello + bytes, expected)
    }

    private static let preface = [
        HostileCase("h2: HTTP/1.1 on the gRPC port", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", .closed),
        HostileCase("h2: TLS hello on the plain port", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3], .halfClose, .closed),
        HostileCase("h2: rubbish instead of the preface", [UInt8](repeating: 0xFF, count: 100), .closed),
        HostileCase("h2: preface cut off", Array(HTTP2.preface.prefix(10)), .halfClose, .closed),
        HostileCase(
            "h2: PING before SETTINGS",
            HTTP2.preface + HTTP2.frame(.ping, [UInt8](repeating: 0, count: 8)),
            .closed
        ),
    ]

    private static let frames = [
        h2("frame of 16 MiB", HTTP2.frame(.data, stream: 1, length: 0xFFFFFF)),
        h2("SETTINGS of 5 bytes", HTTP2.frame(.settings, [0, 4, 0, 0, 0])),
        h2("SETTINGS on a stream", HTTP2.frame(.settings, stream: 1)),
        h2("SETTINGS ACK with content", HTTP2.frame(.settings, flags: HTTP2.ack, HTTP2.setting(4, 1))),
        h2("initial window of 2^31", HTTP2.frame(.settings, HTTP2.setting(4, 0x8000_0000))),
        h2("frame size of 1", HTTP2.frame(.settings, HTTP2.setting(5, 1))),
        h2("ENABLE_PUSH of 2", HTTP2.frame(.settings, HTTP2.setting(2, 2))),
        h2("PING of 7 bytes", HTTP2.frame(.ping, [UInt8](repeating: 0, count: 7))),
        h2("WINDOW_UPDATE of 0", HTTP2.frame(.windowUpdate, HTTP2.bytes(0))),
        h2("window over 2^31", many(2, HTTP2.frame(.windowUpdate, HTTP2.bytes(0x7FFF_FFFF)))),
        h2("WINDOW_UPDATE of an idle stream", HTTP2.frame(.windowUpdate, stream: 5, HTTP2.bytes(1))),
        h2("DATA on stream 0", HTTP2.frame(.data, [1])),
        h2("DATA on an idle stream", HTTP2.frame(.data, stream: 1, [1])),
        h2("HEADERS on stream 0", HTTP2.headers(stream: 0)),
        h2("HEADERS on an even stream", HTTP2.headers(stream: 2)),
        h2("HEADERS on a lower stream", HTTP2.headers(stream: 5) + HTTP2.headers(stream: 3)),
        h2("RST_STREAM of an idle stream", HTTP2.frame(.rstStream, stream: 7, HTTP2.bytes(8))),
        h2("CONTINUATION without HEADERS", HTTP2.frame(.continuation, flags: HTTP2.endHeaders, stream: 1, [0x82])),
        h2(
            "another frame between HEADERS and CONTINUATION",
            HTTP2.frame(.headers, stream: 1, [0x82]) + HTTP2.frame(.ping, [UInt8](repeating: 0, count: 8))
        ),
        h2(
            "PUSH_PROMISE from a client",
            HTTP2.frame(.pushPromise, flags: HTTP2.endHeaders, stream: 1, HTTP2.bytes(2) + [0x82])
        ),
        h2("more padding than frame", HTTP2.headers() + HTTP2.frame(.data, flags: HTTP2.padded, stream: 1, [200, 1])),
    ]

    private static let floods = [
        h2("10,000 PINGs", many(10_000, HTTP2.frame(.ping, [UInt8](repeating: 7, count: 8)))),
        h2("10,000 SETTINGS", many(10_000, HTTP2.frame(.settings))),
        h2(
            "10,000 streams opened and reset",
            (0..<10_000).flatMap { number -> [UInt8] in
                let stream = UInt32(number * 2 + 1)
                return HTTP2.headers(stream: stream) + HTTP2.frame(.rstStream, stream: stream, HTTP2.bytes(8))
            }
        ),
        h2("2,000 streams left open", (0..<2000).flatMap { HTTP2.headers(stream: UInt32($0 * 2 + 1)) }),
        h2("10,000 empty DATA", HTTP2.headers() + many(10_000, HTTP2.frame(.data, stream: 1)), .reset),
        h2(
            "10,000 CONTINUATIONs",
            HTTP2.frame(.headers, stream: 1) + many(10_000, HTTP2.frame(.continuation, stream: 1, [0x82]))
        ),
        h2(
            "10,000 empty CONTINUATIONs",
            HTTP2.frame(.headers, stream: 1) + many(10_000, HTTP2.frame(.continuation, stream: 1))
        ),
        h2("10,000 PRIORITYs", many(10_000, HTTP2.frame(.priority, stream: 1, HTTP2.bytes(0) + [1]))),
    ]

    private static let headerBlocks = [
        h2("index outside of the tables", HTTP2.frame(.headers, flags: HTTP2.endHeaders, stream: 1, [0xFE])),
        h2("index 0", HTTP2.frame(.headers, flags: HTTP2.endHeaders, stream: 1, [0x80])),
        h2(
            "integer without end",
            HTTP2.frame(.headers, flags: HTTP2.endHeaders, stream: 1, [UInt8](repeating: 0xFF, count: 1000))
        ),
        h2(
            "table of 1 GiB",
            HTTP2.frame(.headers, flags: HTTP2.endHeaders, stream: 1, [0x3F, 0xE1, 0xFF, 0xFF, 0xFF, 3])
        ),
        h2(
            "Huffman padding that is wrong",
            HTTP2.frame(.headers, flags: HTTP2.endHeaders, stream: 1, [0, 0x81, 0x00, 0x81, 0x00])
        ),
        h2(
            "text longer than the block",
            HTTP2.frame(.headers, flags: HTTP2.endHeaders, stream: 1, [0, 0x7F, 0xFF, 0xFF, 3])
        ),
        // One of 3,000 bytes in the table, and then its index (62) again and again: 36 MB of headers in 16 KB.
        h2(
            "header bomb",
            HTTP2.frame(
                .headers,
                flags: HTTP2.endHeaders,
                stream: 1,
                [0x40] + HTTP2.string("x") + HTTP2.string(String(repeating: "a", count: 3000))
                    + [UInt8](repeating: 0xBE, count: 12_000)
            )
        ),
        h2(
            "headers of 64 KB",
            HTTP2.frame(.headers, stream: 1, Array(HTTP2.block(HTTP2.request()).prefix(1000)))
                + many(
                    3,
                    HTTP2.frame(.continuation, stream: 1, HTTP2.block([("x", String(repeating: "a", count: 16_000))]))
                )
                + HTTP2.frame(.continuation, flags: HTTP2.endHeaders, stream: 1, HTTP2.block([("x", "a")]))
        ),
        h2("no :path", HTTP2.headers([(":path", nil)], end: true), .reset),
        h2("no :method", HTTP2.headers([(":method", nil)], end: true), .reset),
        h2("unknown pseudo-header", HTTP2.headers([(":evil", "1")], end: true), .reset),
        h2("header in upper case", HTTP2.headers([("X-A", "1")], end: true), .reset),
        h2("connection header", HTTP2.headers([("connection", "close")], end: true), .reset),
        h2("header with a line break", HTTP2.headers([("x", "a\r\nb: c")], end: true), .reset),
        h2(
            "content-length that is not so",
            HTTP2.headers([("content-length", "3")]) + HTTP2.data(HTTP2.message([1, 2])),
            .reset
        ),
    ]

    private static func requests(_ good: [UInt8]) throws -> [HostileCase] {
        func call(_ name: String, _ body: [UInt8], _ headers: [(String, String?)], _ expected: Expectation)
            -> HostileCase
        {
            h2("gRPC: " + name, HTTP2.headers(headers) + HTTP2.data(body), expected)
        }
        func call(_ name: String, _ body: [UInt8], _ expected: Expectation) -> HostileCase {
            call(name, body, [], expected)
        }
        let gzipHeader: [(String, String?)] = [("grpc-encoding", "gzip")]
        let whole = try gzip(good)
        let bomb = try gzip([UInt8](repeating: 0, count: 64 << 20))
        return [
            call("rubbish in a message", HTTP2.message([0x02, 0]), .grpc(3)),
            call("message longer than allowed", HTTP2.message([UInt8](repeating: 0, count: 1 << 20) + [1]), .grpc(8)),
            call("length of 4 GiB", HTTP2.message([1], length: .max), .grpc(8)),
            call("compressed without saying how", HTTP2.message(whole, flag: 1), .grpc(13)),
            call("flag 7", HTTP2.message(good, flag: 7), .grpc(13)),
            call("corrupt gzip", HTTP2.message([1, 2, 3], flag: 1), gzipHeader, .grpc(13)),
            call("gzip cut off", HTTP2.message(Array(whole.prefix(whole.count / 2)), flag: 1), gzipHeader, .grpc(13)),
            call("gzip bomb", HTTP2.message(bomb, flag: 1), gzipHeader, .grpc(8)),
            call("unknown compression", HTTP2.message(whole, flag: 1), [("grpc-encoding", "br")], .grpc(12)),
            call("message cut off", HTTP2.message(good, length: UInt32(good.count + 1)), .grpc(13)),
            call("length cut off", [0, 0, 0], .grpc(13)),
            call("no message", [], .grpc(13)),
            call("two messages", HTTP2.message(good) + HTTP2.message(good), .grpc(13)),
            call("unknown service", HTTP2.message(good), [(":path", "/a.B/C")], .grpc(12)),
            call("path that is none", HTTP2.message(good), [(":path", "nonsense")], .grpc(12)),
            call("GET", HTTP2.message(good), [(":method", "GET")], .grpc(3)),
            call("type of something else", HTTP2.message(good), [("content-type", "application/json")], .status(415)),
            h2(
                "gRPC: reset within a message",
                HTTP2.headers() + HTTP2.data(Array(HTTP2.message(good).prefix(20)), end: false)
                    + HTTP2.frame(.rstStream, stream: 1, HTTP2.bytes(8)) + HTTP2.frame(.data, [1])
            ),
            HostileCase(
                "h2: cut off within a message",
                HTTP2.hello + HTTP2.headers()
                    + HTTP2.data(Array(HTTP2.message(good).prefix(20)), end: false),
                .halfClose,
                .closed
            ),
            // What is not wrong, between what is.
            h2(
                "good request with a window of 0, opened later",
                HTTP2.frame(.settings, HTTP2.setting(4, 0)) + HTTP2.headers() + HTTP2.data(HTTP2.message(good))
                    + HTTP2.frame(.windowUpdate, stream: 1, HTTP2.bytes(100)),
                .grpc(0)
            ),
            h2(
                "good request behind 10,000 unknown frames",
                many(10_000, [0, 0, 0, 0xEE, 0, 0, 0, 0, 0]) + HTTP2.headers() + HTTP2.data(HTTP2.message(good)),
                .grpc(0)
            ),
        ]
    }
}
