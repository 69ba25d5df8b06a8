import Kubernetes
import Testing

@testable import Tekton

@Suite("Explanations")
struct ExplanationTests {
    private func explain(_ taskRun: TaskRun, _ pod: Pod) -> Explanation {
        var objects = ExplainedObjects()
        objects.add(taskRun)
        objects.add(pod)
        return Explanation(objects)
    }

    @Test func spansThatAreSentInTheEndAreShownWithANoteThatTheyTakeTime() {
        let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9)), ("step-b", Facts.running)])
        let explanation = explain(Facts.taskRun(done: ("False", "TaskRunTimeout")), pod)
        #expect(explanation.spans.map(\.name) == ["schedule", "step a", "step b", "TaskRun"])
        #expect(explanation.spans["step b"]?.end == Facts.time(20))
        #expect(explanation.notes.count == 1)
        #expect(explanation.notes.first?.contains("have not ended") == true)
        #expect(explanation.notes.first?.hasSuffix("step b, TaskRun.") == true)
    }

    @Test func spansOfARunThatGoesOnAreLeftOutWithANote() {
        let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9)), ("step-b", Facts.ended(1, from: 9, to: 10))])
        let explanation = explain(Facts.taskRun(), pod)
        #expect(explanation.spans.map(\.name) == ["schedule", "step a"])
        #expect(explanation.notes == ["TaskRun ci/run: not final yet, and left out: step b."])
    }

    @Test func aRunWhosePodHasEndedNeedsNoNote() {
        let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9))], phase: "Succeeded")
        #expect(explain(Facts.taskRun(done: ("True", "Succeeded")), pod).notes == [])
    }
}
