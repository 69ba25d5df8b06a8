import OTLP
import Replay
import SwiftProtobuf
import Testing

@testable import steptrace

/// rotel, a gateway in Rust, stands between steptrace and the backend: what it decodes and encodes again is the same.
@Suite("rotel receives")
struct RotelTests {
    enum Way: Sendable, CaseIterable {
        case http
        case httpJSON
        case httpPlain
        case grpc
        case grpcPlain

        var exporter: String {
            switch self {
            case .http, .httpJSON, .httpPlain: "otlp_http"
            case .grpc, .grpcPlain: "otlp_grpc"
            }
        }

        func settings(http: Int, grpc: Int) -> [String] {
            switch self {
            case .http: ["exporters.otlp_http.endpoint=http://127.0.0.1:\(http)"]
            case .httpJSON: Self.http.settings(http: http, grpc: grpc) + ["exporters.otlp_http.encoding=json"]
            case .httpPlain: Self.http.settings(http: http, grpc: grpc) + ["exporters.otlp_http.compression=none"]
            case .grpc:
                [
                    "exporters.otlp_grpc.endpoint=127.0.0.1:\(grpc)", "exporters.otlp_grpc.tls.insecure=true",
                    // While rotel starts.
                    "exporters.otlp_grpc.retry_on_failure.initial_interval=50ms",
                ]
            case .grpcPlain: Self.grpc.settings(http: http, grpc: grpc) + ["exporters.otlp_grpc.compression=none"]
            }
        }
    }

    /// A span with where it comes from, decoded: rotel encodes anew.
    private struct Located: Hashable {
        let resource: Opentelemetry_Proto_Trace_V1_ResourceSpans
        let scope: Opentelemetry_Proto_Trace_V1_ScopeSpans
        let span: Opentelemetry_Proto_Trace_V1_Span

        init(_ raw: RawSpan) throws {
            resource = try Opentelemetry_Proto_Trace_V1_ResourceSpans(serializedBytes: raw.resource)
            scope = try Opentelemetry_Proto_Trace_V1_ScopeSpans(serializedBytes: raw.scope)
            span = raw.message
        }
    }

    @Test("Tekton's spans and those that were added, unchanged", arguments: Way.allCases)
    func unchanged(way: Way) async throws {
        try await Slots.use(2) { try await check(way) }
    }

    private func check(_ way: Way) async throws {
        let target = RecordingBackend()
        try await target.start()
        let (http, grpc) = (try ReservedPort(), try ReservedPort())
        let folder = try TemporaryFolder()
        let rotel = try await Peers.rotel([
            "start", "--otlp-http-endpoint", "127.0.0.1:\(http.number)",
            "--otlp-grpc-endpoint", "127.0.0.1:\(grpc.number)",
            "--exporter", "otlp", "--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", target.url,
            "--batch-timeout", "50ms", "--pid-file", "\(folder.path)/pid", "--log-file", "\(folder.path)/log",
        ])
        let settings =
            way.settings(http: http.number, grpc: grpc.number) + [
                "service.pipelines.traces.exporters=[\(way.exporter),file]", "exporters.file.path=\(folder.path)/sent",
                "exporters.file.format=proto",
            ]
        try await Stage.runNow(["success", "step-fails"], settings) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advanceToEnd()
            let sent = try stage.recordings.flatMap(\.exports).flatMap { try RawSpan.spans(of: $0.body) }
            let expected = try ExpectedSpans(stage.recordings).spans
            _ = await target.waitUntil(timeout: .seconds(30)) { $0.spans.count >= sent.count + expected.count }
            #expect(target.contents.malformed.isEmpty)
            let arrived = try target.contents.spans.map { try Located($0) }
            #expect(arrived.count == sent.count + expected.count, "\(rotel.output.text)\(stage.gateway.output.text)")
            #expect(Set(arrived).isSuperset(of: try sent.map { try Located($0) }))
            // The file has the very bytes that went to rotel.
            let file = try lengthPrefixed("\(folder.path)/sent").flatMap { try RawSpan.spans(of: $0) }
            #expect(Set(arrived) == Set(try file.map { try Located($0) }))
            #expect(file.filter(\.isInjected).count == expected.count)
        }
        await rotel.stop()
        await target.stop()
    }

    /// The file exporter's `format: proto`.
    private func lengthPrefixed(_ path: String) throws -> [[UInt8]] {
        var rest = try readFile(path)[...]
        var records: [[UInt8]] = []
        while !rest.isEmpty {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            records.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return records
    }
}
