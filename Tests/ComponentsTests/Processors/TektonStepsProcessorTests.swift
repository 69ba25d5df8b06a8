import Collector
import NIOCore
import Testing

@testable import Components

@Suite struct TektonStepsProcessorTests {
    @Test("a request without spans is answered, and goes no further")
    func nothing() throws {
        let context = TestContext()
        let next = TestConsumer()
        let processor = try TektonStepsProcessor(
            try configuration(
                TektonStepsConfiguration.self,
                YAMLText.parse("{auth_type: none, api_server: \"http://127.0.0.1:1\"}", source: "test")
            ),
            context: context.component("tekton_steps"),
            next: next
        )
        let results = Recorder<ConsumeResult>()
        processor.consume(Samples.batch(spans: 0)) { results.append($0) }
        processor.consume(Samples.batch(spans: 2)) { results.append($0) }
        #expect(next.batches.elements.map(\.spanCount) == [2])
        guard case .accepted(0) = results.elements.first, results.elements.count == 2 else {
            Issue.record("\(results.elements)")
            return
        }
    }
}
