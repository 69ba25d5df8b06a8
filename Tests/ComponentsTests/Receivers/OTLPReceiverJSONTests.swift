import Collector
import HTTPClient
import NIOCore
import OTLP
import SwiftProtobuf
import Testing

@testable import Components

/// OTLP/HTTP in JSON.
extension OTLPReceiverTests {
    /// The google.rpc.Status of an answer in JSON.
    private func statusInJSON(_ response: HTTPClientResponse) throws -> Google_Rpc_Status {
        #expect(response.header("Content-Type") == "application/json")
        return try Google_Rpc_Status(jsonUTF8Bytes: response.body)
    }

    @Test(
        arguments: [
            "application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON",
        ]
    )
    func aRequestInJSONIsPassedOnInProtobufAndAnsweredInJSON(type: String) async throws {
        let next = TestConsumer()
        let json = try OTLPJSON.encode(Samples.bytes(spans: 3))
        try await run(next) { receiver, client, url in
            let response = try await post(client, url + "/v1/traces", json, type: type)
            #expect(response.status == 200)
            #expect(response.header("Content-Type") == "application/json")
            #expect(text(response) == "{}")
            let requests = try next.batches.elements.map {
                try Request(serializedBytes: Array($0.body.readableBytesView))
            }
            #expect(requests == [Samples.request(spans: 3)])
            #expect(next.batches.elements.map(\.spanCount) == [3])
            #expect(receiver.counters.acceptedSpans == 3)
        }
    }

    @Test func anEmptyRequestInJSONSucceedsWithoutThePipeline() async throws {
        let next = TestConsumer()
        try await run(next) { _, client, url in
            let response = try await post(client, url + "/v1/traces", Array("{}".utf8), type: "application/json")
            #expect(response.status == 200)
            #expect(text(response) == "{}")
            #expect(next.batches.elements.isEmpty)
        }
    }

    @Test(arguments: ["", "{", "[]", "{}{}", #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"0"}]}]}]}"#])
    func malformedJSONIsAnsweredWithAStatusInJSON(json: String) async throws {
        let next = TestConsumer()
        try await run(next) { receiver, client, url in
            let response = try await post(client, url + "/v1/traces", Array(json.utf8), type: "application/json")
            #expect(response.status == 400)
            let status = try statusInJSON(response)
            #expect(status.code == 3)
            #expect(status.message.contains("not an ExportTraceServiceRequest in JSON"))
            #expect(receiver.counters.failedRequests == 1)
        }
        #expect(next.batches.elements.isEmpty)
    }

    @Test func refusalsOfRequestsInJSONCarryAStatusInJSON() async throws {
        let json = try OTLPJSON.encode(Samples.bytes())
        try await run(TestConsumer(refusing: ConsumeError(.unavailable, "away"))) { _, client, url in
            let response = try await post(client, url + "/v1/traces", json, type: "application/json")
            #expect(response.status == 503)
            let status = try statusInJSON(response)
            #expect(status.code == 14)
            #expect(status.message == "away")
        }
    }

    @Test func whatIsNoRequestForTracesIsAnsweredWithAStatus() async throws {
        let json = try OTLPJSON.encode(Samples.bytes())
        try await run(TestConsumer()) { receiver, client, url in
            let path = try await post(client, url + "/v1/metrics", json, type: "application/json")
            #expect(path.status == 404)
            try #expect(statusInJSON(path).message == "404 page not found")
            try await #expect(status(post(client, url + "/v1/metrics", Samples.bytes())).code == 5)

            let method = try await post(client, url + "/v1/traces", [], method: "GET", type: "application/json")
            #expect(method.status == 405)
            #expect(method.header("Allow") == "POST")
            try #expect(statusInJSON(method).message == "405 method not allowed, supported: [POST]")

            for type in ["text/plain", nil] {
                let media = try await post(client, url + "/v1/traces", json, type: type)
                #expect(media.status == 415)
                let status = try statusInJSON(media)
                #expect(status.code == 3)
                #expect(status.message.hasPrefix("415 unsupported media type"))
            }
            #expect(receiver.counters.failedRequests == 5)
        }
    }
}
