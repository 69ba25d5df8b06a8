import OTLP
import Testing

@testable import Waterfall

@Suite("What is shown and what is folded")
struct WaterfallLayoutTests {
    @Test("runs of the sender's spans are folded where they are; ancestors of added spans are shown")
    func folding() {
        let layout = WaterfallLayout(TraceTree.trees(of: Sample.stepFails)[0])
        #expect(
            layout.rows.map(\.name) == [
                "TaskRun:Reconciler", "2 reconciler spans", "TaskRun build", "schedule", "step fetch", "step build",
                "step test", "1 reconciler span",
            ]
        )
        #expect(layout.rows.map(\.guides.count) == [0, 1, 1, 2, 2, 2, 2, 1])
        #expect(layout.rows[1].end == 25_000_000)
        #expect(layout.rows.map(\.note) == [nil, nil, "StepFailed", nil, nil, "exit code 3", "skipped", nil])
    }

    @Test("the sender's own failures are shown, with their message")
    func ownFailure() {
        var failed = Sample.span(2, parent: 1, "prepare", 1...2, injected: false, failed: true)
        failed.statusMessage = "taskrun prepare error"
        let spans = [Sample.span(1, "TaskRun:Reconciler", 0...30, injected: false), failed]
        let rows = WaterfallLayout(TraceTree.trees(of: spans)[0]).rows
        #expect(rows.map(\.name) == ["TaskRun:Reconciler", "prepare"])
        #expect(rows[1].note == "taskrun prepare error")
    }

    @Test("a trace with nothing added shows its first root and folds the rest")
    func nothingAdded() {
        let spans = Sample.stepFails.filter { !$0.isInjected }
        let rows = WaterfallLayout(TraceTree.trees(of: spans)[0]).rows
        #expect(rows.map(\.kind) == [.original, .folded(count: 3)])
    }

    @Test(
        "notes name the cause",
        arguments: [
            (["error.type": "OOMKilled", "process.exit.code": "137"], true, "OOMKilled"),
            (["error.type": "NonZeroExit"], true, "NonZeroExit"),
            ([:], true, "error"),
            (["cicd.pipeline.task.run.result": "cancellation"], false, "cancelled"),
            (["cicd.pipeline.task.run.result": "failure", "process.exit.code": "2"], false, "exit code 2, continued"),
            (["reason": "FailedScheduling"], false, "FailedScheduling"),
        ]
    )
    func notes(attributes: [String: String], failed: Bool, expected: String) {
        #expect(SpanNote.text(for: Sample.span(1, "step", 0...1, failed: failed, attributes)) == expected)
    }
}
