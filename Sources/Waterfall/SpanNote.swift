/// The few words behind a span's duration: why it failed, or why it is as short as it is.
enum SpanNote {
    static func text(for span: TraceSpan) -> String? {
        let attributes = span.attributes
        let exitCode = attributes["process.exit.code"].map { "exit code \($0)" }
        if span.isFailed {
            if let reason = attributes["tekton.task_run.reason"] { return reason }
            if let type = attributes["error.type"] {
                return type == "NonZeroExit" ? exitCode ?? type : type
            }
            return span.statusMessage.isEmpty ? "error" : span.statusMessage
        }
        guard span.isInjected else { return nil }
        switch attributes["cicd.pipeline.task.run.result"] {
        case "skip": return "skipped"
        case "cancellation": return "cancelled"
        case "failure": return exitCode.map { "\($0), continued" } ?? "failure ignored"
        default: return attributes["reason"]
        }
    }
}
