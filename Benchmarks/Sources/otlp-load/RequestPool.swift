import BenchmarkSupport

/// Requests made in advance: spans as Tekton's TaskRun reconciler sends them, with random ids.
struct RequestPool {
    /// Head and body of each.
    private(set) var requests: [[UInt8]] = []

    /// Names of the spans of one reconcile, children first, as recorded from a Tekton controller.
    private static let names = [
        "validateTaskSpecRequestResources", "ValidateResolvedTask", "ValidateParamArrayIndex",
        "updateTaskRunWithDefaultWorkspaces", "ValidateBindings", "validateOverrides", "prepare", "ApplyParameters",
        "ApplyWorkspaces", "applyParamsContextsResultsAndWorkspaces", "createPod", "validateTaskRunResults",
        "reconcile", "emitReconcileEvents", "durationAndCountMetrics", "syncMetadata", "stopSidecars", "prepare",
        "reconcile", "TaskRun:ReconcileKind",
    ]

    private var random: SplitMix64
    private var written = 0

    /// - Parameter taskRuns: with any, each twentieth span (5 %) refers to one of them, and the spans before it are in
    ///   the same trace.
    init(port: Int, path: String, count: Int, spansPerRequest: Int, taskRuns: [KnownTaskRun], seed: UInt64) {
        random = SplitMix64(state: seed)
        requests.reserveCapacity(count)
        for _ in 0..<count {
            let body = body(spansPerRequest, taskRuns)
            let head =
                "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nUser-Agent: OTel OTLP Exporter Go/1.44.0\r\n"
                + "Content-Length: \(body.count)\r\nContent-Type: application/x-protobuf\r\n\r\n"
            requests.append(Array(head.utf8) + body)
        }
    }

    private mutating func body(_ spans: Int, _ taskRuns: [KnownTaskRun]) -> [UInt8] {
        var scopeSpans = ProtobufWriter()
        scopeSpans.message(1) { $0.bytes(1, "TaskRunReconciler".utf8) }
        var traceID = self.traceID(taskRuns)
        for _ in 0..<spans {
            let span = span(Self.names[written % Self.names.count], traceID, taskRuns)
            scopeSpans.bytes(2, span)
            written += 1
            if written.isMultiple(of: Self.names.count) { traceID = self.traceID(taskRuns) }
        }
        scopeSpans.bytes(3, "https://opentelemetry.io/schemas/1.40.0".utf8)
        var request = ProtobufWriter()
        request.message(1) { resourceSpans in
            resourceSpans.message(1) { $0.attribute(1, "service.name", "taskrun-reconciler") }
            resourceSpans.bytes(2, scopeSpans.bytes)
            resourceSpans.bytes(3, "https://opentelemetry.io/schemas/1.40.0".utf8)
        }
        return request.bytes
    }

    private mutating func span(_ name: String, _ traceID: [UInt8], _ taskRuns: [KnownTaskRun]) -> [UInt8] {
        let start = 1_795_422_403_476_610_304 + random.next() >> 24
        var span = ProtobufWriter()
        span.bytes(1, traceID)
        span.bytes(2, bytes(8))
        span.bytes(4, bytes(8))
        span.bytes(5, name.utf8)
        span.varint(6, 1)
        span.fixed64(7, start)
        span.fixed64(8, start + random.next() >> 40)
        let isReference = (written + 1).isMultiple(of: Self.names.count)
        if isReference, let taskRun = taskRuns.first(where: { $0.traceID == traceID }) {
            span.attribute(9, "taskrun", taskRun.name)
            span.attribute(9, "namespace", taskRun.namespace)
        }
        span.bytes(15, [])
        span.fixed32(16, isReference ? 0x301 : 0x101)
        return span.bytes
    }

    private mutating func traceID(_ taskRuns: [KnownTaskRun]) -> [UInt8] {
        taskRuns.randomElement(using: &random)?.traceID ?? bytes(16)
    }

    private mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) }
    }
}
