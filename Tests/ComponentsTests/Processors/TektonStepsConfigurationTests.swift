import Collector
import Testing

@testable import Components
@testable import Tekton

@Suite struct TektonStepsConfigurationTests {
    private func read(_ yaml: String) throws -> TektonStepsConfiguration {
        try configuration(TektonStepsConfiguration.self, YAMLText.parse(yaml, source: "test"))
    }

    @Test(
        "what the API server would refuse, or what would give invalid spans, is an error of the configuration",
        arguments: [
            ("label_selector: a in (b", "\"label_selector\" is no label selector: parentheses do not match"),
            ("namespaces: [ci, Bad_NS]", "\"namespaces\" has \"Bad_NS\", which is no name of a namespace"),
            (
                "resource_attributes: {service.name: x}",
                "must not have service.name, which every added span has: use \"service_name\""
            ),
            ("resource_attributes: {k8s.pod.name: x}", "must not have k8s.pod.name, which every added span has"),
            (
                "task_run_url: https://x/{foo}",
                "\"task_run_url\" has {foo}: there are {namespace}, {taskrun}, {pipelinerun} and {step}"
            ),
        ]
    )
    func wrong(yaml: String, message: String) {
        #expect("\(yaml)") { try read(yaml) } throws: { "\($0)".contains(message) }
    }

    @Test func aListMayComeFromOneStringWithCommas() throws {
        #expect(try read("namespaces: ci,release").namespaces == ["ci", "release"])
        #expect(try read("namespaces: \"\"").namespaces == [])
    }

    @Test func whatEveryAddedSpanHasIsNamedInOnePlace() {
        let resource = SpanResource(
            namespace: "a",
            podName: "b",
            podUID: "c",
            nodeName: "d",
            pipelineName: "e",
            pipelineRunUID: "f"
        )
        #expect(resource.attributes(SpanOptions()).map(\.key) == SpanResource.keys)
    }
}
