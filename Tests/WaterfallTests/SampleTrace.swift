import OTLP

@testable import Waterfall

/// Small traces as tests write them: times in milliseconds, ids as small numbers.
enum Sample {
    static let traceID = TraceID(high: 0, low: 0xAB)
    static let epoch: UInt64 = 1_795_422_868_000_000_000

    static func span(
        _ id: UInt64,
        parent: UInt64 = 0,
        _ name: String,
        _ milliseconds: ClosedRange<UInt64>,
        injected: Bool = true,
        failed: Bool = false,
        _ attributes: [String: String] = [:]
    ) -> TraceSpan {
        TraceSpan(
            traceID: traceID,
            spanID: SpanID(id),
            parentID: SpanID(parent),
            service: injected ? "tekton-steps" : "taskrun-reconciler",
            scope: injected ? "steptrace" : "TaskRunReconciler",
            name: name,
            start: epoch + milliseconds.lowerBound * 1_000_000,
            end: epoch + milliseconds.upperBound * 1_000_000,
            status: failed ? .error : .unset,
            attributes: attributes
        )
    }

    /// A TaskRun whose second step fails, under a reconciler's span that has other children before and behind.
    static let stepFails: [TraceSpan] = [
        span(1, "TaskRun:Reconciler", 0...30, injected: false),
        span(2, parent: 1, "TaskRun:ReconcileKind", 1...25, injected: false),
        span(3, parent: 2, "prepare", 2...3, injected: false),
        span(4, parent: 1, "TaskRun:ReconcileKind", 9_000...9_020, injected: false),
        span(
            10,
            parent: 1,
            "TaskRun build",
            50...10_000,
            failed: true,
            ["tekton.task_run.reason": "StepFailed", "error.type": "StepFailed"]
        ),
        span(11, parent: 10, "schedule", 50...1_050),
        span(12, parent: 10, "step fetch", 2_000...3_900, ["process.exit.code": "0"]),
        span(
            13,
            parent: 10,
            "step build",
            4_000...9_800,
            failed: true,
            ["process.exit.code": "3", "error.type": "NonZeroExit", "cicd.pipeline.task.run.result": "failure"]
        ),
        span(14, parent: 10, "step test", 9_999...10_000, ["cicd.pipeline.task.run.result": "skip"]),
    ]
}
