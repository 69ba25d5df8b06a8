import OTLP
import Testing

@testable import Tekton

@Suite("Images, URLs and ids")
struct NamesTests {
    @Test(
        arguments: [
            ("golang", "golang", nil, nil),
            ("docker.io/library/golang:1.27", "docker.io/library/golang", "1.27", nil),
            ("registry:5000/team/app", "registry:5000/team/app", nil, nil),
            ("registry:5000/team/app:v1@sha256:aa", "registry:5000/team/app", "v1", "registry:5000/team/app@sha256:aa"),
            ("docker-pullable://golang@sha256:aa", "golang", nil, "golang@sha256:aa"),
            ("sha256:aa", "sha256", "aa", nil),
        ] as [(String, String, String?, String?)]
    )
    func imagesAreTakenApart(text: String, name: String, tag: String?, digest: String?) {
        let image = ImageReference(text)
        #expect(image.name == name)
        #expect(image.tag == tag)
        #expect(image.repoDigest == digest)
    }

    @Test func urlTemplatesAreFilledWithEncodedValues() {
        let url = TaskRunURL.fill(
            "https://x/{namespace}/{taskrun}?step={step}&pr={pipelinerun}&{other}",
            namespace: "ci",
            taskRun: "a b/c",
            pipelineRun: nil,
            step: "x&y"
        )
        #expect(url == "https://x/ci/a%20b%2Fc?step=x%26y&pr=&{other}")
    }

    /// The digest was computed with sha256sum, so that a step can do the same.
    @Test func spanIDsAreTheFirstBytesOfADigest() {
        let id = SpanIdentity.spanID(taskRunUID: "u", podName: "p", kind: .step, name: "build")
        #expect(id.hex == "044cee84e57bf49a")
    }
}
