import OTLP
import Testing

@testable import Waterfall

@Suite("What is shown and what is folded")
struct WaterfallLayoutTests {
    @Test("the sender's spans below a shown one are folded into one row, its last")
    func folding() {
        let layout = WaterfallLayout(TraceTree.trees(of: Sample.stepFails)[0])
        #expect(
            layout.rows.map(\.name) == [
                "TaskRun:Reconciler", "TaskRun build", "schedule", "step fetch", "step build", "step test",
                "3 reconciler spans",
            ]
        )
        #expect(layout.rows.map(\.guides.count) == [0, 1, 2, 2, 2, 2, 1])
        #expect(layout.rows.map(\.note) == [nil, "StepFailed", nil, nil, "exit code 3", "skipped", nil])
        #expect(layout.rows[6].start == 1_000_000)
        #expect(layout.rows[6].end == 9_020_000_000)
    }

    @Test("between a root and the span that steptrace's hang on, what leads there is folded too")
    func contraction() {
        let spans = [
            Sample.span(1, "PipelineRun:Reconciler", 0...30, injected: false),
            Sample.span(2, parent: 1, "PipelineRun:ReconcileKind", 1...30, injected: false),
            Sample.span(3, parent: 2, "createTaskRuns", 2...30, injected: false),
            Sample.span(4, parent: 3, "createTaskRun", 3...20, injected: false),
            Sample.span(5, parent: 3, "createTaskRun", 4...30, injected: false),
            Sample.span(6, parent: 4, "TaskRun:ReconcileKind", 25...26, injected: false),
            Sample.span(10, parent: 4, "TaskRun a", 10...900),
            Sample.span(11, parent: 5, "TaskRun b", 20...900),
        ]
        let layout = WaterfallLayout(TraceTree.trees(of: spans)[0])
        #expect(
            layout.rows.map { String(repeating: " ", count: $0.guides.count) + $0.name } == [
                "PipelineRun:Reconciler", " createTaskRun", "  TaskRun a", "  1 reconciler span", " createTaskRun",
                "  TaskRun b", " 2 reconciler spans",
            ]
        )
        #expect(layout.rows.map(\.guides.last) == [nil, true, true, false, true, false, false])
    }

    @Test("spans of the same start are in the order of a pod's life")
    func order() {
        let names = ["step a", "init prepare", "pull alpine", "schedule"]
        let spans =
            [Sample.span(1, "TaskRun", 0...9)]
            + names.enumerated().map { Sample.span(UInt64($0.offset) + 2, parent: 1, $0.element, 0...1) }
        let rows = WaterfallLayout(TraceTree.trees(of: spans)[0]).rows
        #expect(rows.map(\.name) == ["TaskRun", "schedule", "pull alpine", "init prepare", "step a"])
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
