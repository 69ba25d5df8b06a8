import Compression
import Glibc
import HTTPClient
import OTLP
import Replay
import SwiftProtobuf
import Testing

@Suite("Rubbish")
struct RubbishTests {
    private static let protobuf = "application/x-protobuf"

    /// The answer's google.rpc.Status.
    private func expect(
        _ answer: HTTPClientResponse,
        _ status: Int,
        message: String,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(answer.status == status, sourceLocation: location)
        #expect(answer.header("Content-Type") == Self.protobuf, sourceLocation: location)
        let body = try Google_Rpc_Status(serializedBytes: answer.body)
        #expect(body.code == 3, sourceLocation: location)
        #expect(body.message.contains(message), "\(body.message)", sourceLocation: location)
    }

    /// Whatever came before: a recorded run goes through.
    private func expectGoesOn(_ stage: Stage) async throws {
        try await stage.sendAll()
        stage.apiServer.advanceToEnd()
        try await stage.expectEverything()
    }

    @Test("bodies that are no OTLP get 400 with a google.rpc.Status, and the gateway goes on")
    func bodies() async throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        try await Stage.run(["short"]) { stage in
            await stage.waitUntilFollowing()
            var random = seed
            func next() -> UInt64 {
                random ^= random << 13
                random ^= random >> 7
                random ^= random << 17
                return random
            }
            let good = stage.recordings[0].exports[0].body
            for length in 1...60 {
                // No message begins with a field of number 0.
                let bytes = [0x00] + (0..<length).map { _ in UInt8(truncatingIfNeeded: next()) }
                try expect(try await stage.post(bytes), 400, message: "", #_sourceLocation)
            }
            for _ in 0..<60 {
                let body = Array(good.prefix(1 + Int(next() % UInt64(good.count - 1))))
                try expect(try await stage.post(body), 400, message: "")
            }
            for _ in 0..<60 {
                // Whether it still is OTLP is up to chance; what passes must be so for the backend as well.
                var body = good
                body[Int(next() % UInt64(body.count))] ^= UInt8(1 + next() % 255)
                #expect([200, 400].contains(try await stage.post(body).status), "seed \(seed)")
            }
            #expect(stage.backend.contents.malformed.isEmpty, "seed \(seed)")
            #expect(stage.gateway.output.exit == nil, "seed \(seed)\n\(stage.gateway.output.text)")
        }
    }

    @Test("wrong type, encoding, method and path get 415, 400, 405 and 404")
    func headers() async throws {
        try await Stage.run(["short"]) { stage in
            await stage.waitUntilFollowing()
            let body = stage.recordings[0].exports[0].body
            for type in ["text/plain", "application/x-www-form-urlencoded", "application/protobuf", ""] {
                #expect(try await stage.post(body, headers: [("Content-Type", type)]).status == 415, "\(type)")
            }
            func post(_ encoding: String, _ body: [UInt8]) async throws -> HTTPClientResponse {
                try await stage.post(body, headers: [("Content-Type", Self.protobuf), ("Content-Encoding", encoding)])
            }
            try expect(try await post("br", body), 400, message: "unsupported Content-Encoding: br")
            try expect(try await post("gzip", body), 400, message: "cannot decompress the body")
            try expect(try await post("deflate", body), 400, message: "cannot decompress the body")
            let compressed = try gzip(body)
            try expect(try await post("gzip", compressed.dropLast(9)), 400, message: "cannot decompress the body")
            #expect(try await stage.post(body, path: "/v1/metrics").status == 404)
            let get = HTTPClientRequest(method: "GET", url: stage.url + "/v1/traces")
            #expect(try await stage.client.execute(get).status == 405)
            try await expectGoesOn(stage)
        }
    }

    @Test("long bodies get 413: by their Content-Length, as they come, and when they are inflated")
    func long() async throws {
        try await Stage.run(["short"], ["receivers.otlp.protocols.http.max_request_body_size=1048576"]) { stage in
            await stage.waitUntilFollowing()
            let zeros = [UInt8](repeating: 0, count: 64 << 20)
            let bomb = try gzip(zeros)
            #expect(bomb.count < 1 << 20)
            let headers = [("Content-Type", Self.protobuf), ("Content-Encoding", "gzip")]
            try expect(try await stage.post(bomb, headers: headers), 413, message: "request body too large")
            let length = try await stage.exchange(
                "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: \(Self.protobuf)\r\nContent-Length: 1099511627776\r\n\r\n"
            )
            #expect(length.hasPrefix("HTTP/1.1 413 "), "\(length)")
            let chunk = "40000\r\n\(String(repeating: "x", count: 0x40000))\r\n"
            let chunked = try await stage.exchange(
                "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: \(Self.protobuf)\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 5)
            )
            #expect(chunked.hasPrefix("HTTP/1.1 413 "), "\(chunked)")
            try await expectGoesOn(stage)
        }
    }

    @Test(
        "what is no HTTP gets 400 and the connection is closed",
        arguments: [
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "GET\r\n\r\n", "POST /v1/traces HTTP/9.9\r\n\r\n",
            "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /v1/traces HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "x", count: 200_000))\r\n\r\n",
        ]
    )
    func noHTTP(text: String) async throws {
        try await Stage.run(["short"]) { stage in
            await stage.waitUntilFollowing()
            let answer = try await stage.exchange(text)
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4") || answer.hasPrefix("HTTP/1.1 505"), "\(answer)")
            try await expectGoesOn(stage)
        }
    }

    @Test("connections that end in the middle of a request leave no trace")
    func cutOff() async throws {
        try await Stage.run(["short"]) { stage in
            await stage.waitUntilFollowing()
            let body = stage.recordings[0].exports[0].body
            let head =
                "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: \(Self.protobuf)\r\nContent-Length: \(body.count)\r\n\r\n"
            for length in [10, head.utf8.count - 1, head.utf8.count, head.utf8.count + body.count / 2] {
                try await stage.cutOff((Array(head.utf8) + body).prefix(length))
            }
            try await expectGoesOn(stage)
        }
    }
}
