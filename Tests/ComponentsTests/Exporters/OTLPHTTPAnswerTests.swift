import Collector
import HTTPClient
import OTLP
import SwiftProtobuf
import Testing

@testable import Components

@Suite struct OTLPHTTPAnswerTests {
    let url = "http://backend/v1/traces"

    func answer(
        _ status: Int,
        _ headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) -> OTLPHTTPAnswer {
        OTLPHTTPAnswer(HTTPClientResponse(status: status, headers: headers, body: body), url: url, now: 784_111_777)
    }

    func failure(_ status: Int, _ rest: String = "") -> String {
        "error exporting items, request to \(url) responded with HTTP Status Code \(status)\(rest)"
    }

    @Test(arguments: [200, 202, 204, 299])
    func successWithoutContentIsDelivered(status: Int) {
        #expect(answer(status).outcome == .delivered)
        #expect(answer(status).partialSuccess == nil)
    }

    @Test func statusesAreSortedByWhatCanBeDone() {
        for status in [429, 502, 503, 504] { #expect(answer(status).outcome == .retryable(failure(status))) }
        for status in [400, 413, 422] { #expect(answer(status).outcome == .rejected(failure(status))) }
        for status in [301, 401, 403, 404, 405, 415, 500, 501] {
            #expect(answer(status).outcome == .permanent(failure(status)))
        }
    }

    @Test func retryAfterIsSecondsOrADate() {
        #expect(answer(503, [("Retry-After", "7")]).outcome == .retryable(failure(503), retryAfter: .seconds(7)))
        #expect(
            answer(429, [("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")]).outcome
                == .retryable(failure(429), retryAfter: .seconds(10))
        )
        #expect(RetryAfter.parse("Thu, 29 Feb 2024 12:00:00 GMT", now: 1_709_207_999) == .seconds(1))
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: 2_000_000_000) == .zero, "in the past")
        for text in ["99999999", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            #expect(RetryAfter.parse(text, now: 0) == .seconds(3600), "absurd: cut")
        }
        for text in ["-1", "+1", "1.5", "soon", "", "Sun, 06 Nov 1994", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            #expect(RetryAfter.parse(text, now: 0) == nil)
        }
        #expect(answer(502, [("Retry-After", "7")]).outcome == .retryable(failure(502)), "on 429 and 503 only")
    }

    @Test func theMessageOfAStatusIsShown() throws {
        var status = Google_Rpc_Status()
        status.message = "no room"
        let shown = failure(503, ", Message=no room, Details=[]")
        let protobuf = [(name: "Content-Type", value: "application/x-protobuf")]
        #expect(answer(503, protobuf, body: try status.serializedBytes()).outcome == .retryable(shown))
        let json = [(name: "Content-Type", value: "application/json; charset=utf-8")]
        #expect(answer(503, json, body: Array(#"{"message":"no room","x":1}"#.utf8)).outcome == .retryable(shown))
        let text = [(name: "Content-Type", value: "text/plain")]
        #expect(answer(503, text, body: Array("no room\n".utf8)).outcome == .retryable(shown))
        #expect(answer(503, protobuf, body: [0xFF]).outcome == .retryable(failure(503)))
    }

    @Test func partialSuccessIsReadInBothEncodings() throws {
        var response = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceResponse()
        response.partialSuccess.rejectedSpans = 3
        response.partialSuccess.errorMessage = "old"
        let expected = OTLPHTTPAnswer.PartialSuccess(rejectedSpans: 3, message: "old")
        let protobuf = answer(
            200,
            [("Content-Type", "application/x-protobuf")],
            body: try response.serializedBytes()
        )
        #expect(protobuf.partialSuccess == expected)
        #expect(protobuf.outcome == .delivered)
        let json = #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"old"}}"#
        #expect(answer(200, [("Content-Type", "application/json")], body: Array(json.utf8)).partialSuccess == expected)
    }

    @Test func aSuccessThatCannotBeReadIsPermanent() {
        let odd = answer(200, [("Content-Type", "application/x-protobuf")], body: [0xFF])
        guard case .permanent(let message) = odd.outcome else {
            Issue.record("\(odd.outcome)")
            return
        }
        #expect(message.hasPrefix("error parsing response: "))
        #expect(answer(200, [("Content-Type", "text/html")], body: [0xFF]).outcome == .delivered)
    }

    @Test func transportErrorsAreRetriedUnlessTheyCannotPass() {
        for kind in [
            HTTPClientError.Kind.connect, .tls, .timeout, .disconnected, .cancelled, .other,
            .responseTooLarge(status: 503),
        ] {
            let outcome = OTLPHTTPAnswer(HTTPClientError(kind, "odd")).outcome
            #expect(outcome == .retryable("failed to make an HTTP request: odd"))
        }
        for kind in [HTTPClientError.Kind.invalidURL, .responseTooLarge(status: 200)] {
            let outcome = OTLPHTTPAnswer(HTTPClientError(kind, "odd")).outcome
            #expect(outcome == .permanent("failed to make an HTTP request: odd"))
        }
    }

    @Test func secretsOfTheURLAreNotRepeated() {
        for (url, shown) in [
            ("http://user:s3cret@backend/v1/traces", "http://redacted@backend/v1/traces"),
            ("https://t0ken@backend:4318/a?api_key=s3cret", "https://redacted@backend:4318/a?redacted"),
            ("http://backend?key=s3cret", "http://backend?redacted"), ("http://backend/a@b", "http://backend/a@b"),
        ] {
            let answer = OTLPHTTPAnswer(HTTPClientResponse(status: 403, headers: [], body: []), url: url, now: 0)
            let message = "error exporting items, request to \(shown) responded with HTTP Status Code 403"
            #expect(answer.outcome == .permanent(message))
        }
    }
}
