import FoundationEssentials
import Testing

@testable import Kubernetes

private struct Sample: Decodable {
    struct Step: Decodable {
        let name: String
    }

    let steps: [Step]
}

@Suite struct KubernetesErrorTests {
    private func error(_ status: Int, _ body: String, headers: [(String, String)] = []) -> KubernetesError {
        KubernetesError(
            status: status,
            headers: headers.map { (name: $0.0, value: $0.1) },
            body: Array(body.utf8),
            resource: Build.resource,
            request: "GET /apis/test.dev/v1/builds"
        )
    }

    @Test func forbiddenSaysWhatToGrant() {
        let body = """
            {"kind":"Status","status":"Failure","message":"builds.test.dev is forbidden: User \\"x\\" cannot list resource",
             "reason":"Forbidden","details":{"group":"test.dev","kind":"builds"},"code":403}
            """
        let error = error(403, body)
        #expect(error.kind == .forbidden)
        #expect(
            error.description == "builds.test.dev is forbidden: User \"x\" cannot list resource; "
                + "grant list, watch on builds in test.dev (see docs/operations.md)"
        )
    }

    @Test(
        "the kind comes from the code, with what only the reason tells",
        arguments: [
            (401, "", .unauthorized), (403, "", .forbidden), (404, "404 page not found", .notFound),
            (410, "", .expired),
            (429, "", .tooManyRequests), (500, "", .server(status: 500)), (503, "<html>", .server(status: 503)),
            (
                504, #"{"reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge"}]}}"#,
                .resourceVersionTooLarge
            ),
            (
                504, #"{"reason":"Timeout","message":"Timeout: Too large resource version: 9, current: 8"}"#,
                .resourceVersionTooLarge
            ),
            (504, #"{"reason":"Timeout"}"#, .server(status: 504)),
            (400, #"{"reason":"Expired"}"#, .expired),
        ] as [(Int, String, KubernetesError.Kind)]
    )
    func kinds(status: Int, body: String, kind: KubernetesError.Kind) {
        let error = error(status, body)
        #expect(error.kind == kind)
        #expect(error.message.contains("\(status)") || kind == .forbidden)
    }

    @Test func retryAfterComesFromTheBodyOrElseTheHeader() {
        let body = #"{"code":429,"details":{"retryAfterSeconds":3}}"#
        #expect(error(429, body, headers: [("Retry-After", "9")]).retryAfter == .seconds(3))
        #expect(error(429, "", headers: [("retry-after", "9")]).retryAfter == .seconds(9))
        #expect(error(429, "", headers: [("Retry-After", "-9")]).retryAfter == .zero)
        #expect(error(429, "", headers: [("Retry-After", "Fri, 31 Dec 2027 23:59:59 GMT")]).retryAfter == nil)
    }

    @Test func anErrorEventWithoutCodeIsNotTakenForSomethingElse() throws {
        let status = try JSONDecoder().decode(KubernetesStatus.self, from: Data(#"{"kind":"Status"}"#.utf8))
        let error = KubernetesError(event: status, resource: Build.resource, request: "WATCH builds.test.dev")
        #expect(error.kind == .server(status: 0))
        #expect(error.message == "WATCH builds.test.dev: no reason given")
    }

    @Test func decodingSummariesNameTheField() {
        func summary(_ json: String) -> String {
            do {
                _ = try JSONDecoder().decode(Sample.self, from: Data(json.utf8))
                return "none"
            } catch {
                return decodingSummary(error)
            }
        }
        #expect(summary(#"{"steps":[{"name":"a"},{"name":3}]}"#) == "steps[1].name: is not of type String")
        #expect(summary(#"{"steps":[{}]}"#) == "steps[0]: has no 'name'")
        #expect(
            summary(#"{"steps":null}"#) == "steps: is null, Array<Any> is expected"
                || summary(#"{"steps":null}"#).hasPrefix("steps: ")
        )
        #expect(summary("[").isEmpty == false)
    }
}
