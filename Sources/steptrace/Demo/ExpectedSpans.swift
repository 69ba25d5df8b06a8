import Collector
import Kubernetes
import OTLP
import Replay
import SwiftProtobuf
import Tekton

/// The spans that must come out for a recording: computed from all of its objects at once, without any of the gateway's
/// networking, order or timing.
struct ExpectedSpans {
    /// With resource and scope, as bytes.
    let spans: [RawSpan]

    /// - Throws: when an object of the recording cannot be read.
    init(_ recordings: [Recording]) throws {
        var correlator = Correlator(options: CorrelatorOptions(completedMaxAge: .zero))
        let start = Moment(wall: KubernetesTime(unixNanoseconds: 0), uptime: .zero)
        for recording in recordings {
            for event in recording.objectEvents { try Self.apply(event, to: &correlator, now: start) }
            for export in recording.exports { try Self.sight(export.body, &correlator, now: start) }
        }
        // Later than all that is waited for.
        let end = Moment(wall: start.wall, uptime: .seconds(3600))
        correlator.tick(now: end)
        var bodies: [UInt8] = []
        while correlator.hasDueSpans {
            bodies += try correlator.takeAny().encoded(options: correlator.options.spans, version: BuildInfo.version)
        }
        spans = try RawSpan.spans(of: bodies)
    }

    private static func apply(
        _ event: Recording.ObjectEvent,
        to correlator: inout Correlator,
        now: Moment
    ) throws {
        let json = event.object.json
        let isDeleted = event.kind == .deleted
        switch event.object.key.resource {
        case .taskRuns:
            let taskRun = try TaskRun(json: json)
            if isDeleted {
                correlator.deleted(taskRun.key, last: taskRun, now: now)
            } else {
                correlator.apply(taskRun, now: now)
            }
        case .pods:
            let pod = try Pod(json: json)
            if isDeleted {
                correlator.deleted(pod.key, last: pod, now: now)
            } else {
                correlator.apply(pod, now: now)
            }
        case .events:
            correlator.apply(try Event(json: json), now: now)
        case .pipelineRuns:
            break
        }
    }

    /// Lets the correlator see the TaskRuns that an export names.
    private static func sight(_ body: [UInt8], _ correlator: inout Correlator, now: Moment) throws {
        let request = try Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(serializedBytes: body)
        for span in request.resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans) {
            guard let name = span.attributes.first(where: { $0.key == "taskrun" })?.value.stringValue,
                let namespace = span.attributes.first(where: { $0.key == "namespace" })?.value.stringValue,
                let traceID = TraceID(hex: span.traceID.map { Self.hex($0) }.joined())
            else { continue }
            correlator.sighted(namespace: namespace.utf8, taskRun: name.utf8, traceID: traceID, now: now)
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }
}
