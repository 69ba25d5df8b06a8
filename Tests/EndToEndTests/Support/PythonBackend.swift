import FoundationEssentials
import Replay
import Testing

/// A backend in which nothing is ours: Python's HTTP server, or gRPC's, and protobuf's own decoders.
struct PythonBackend {
    enum Transport: String, Sendable {
        case http
        case grpc
    }

    let process: GatewayProcess
    let port: Int

    /// Runs the backend around `body`, in which a gateway is started with `Stage.runNow`.
    ///
    /// - Parameter arguments: as Tests/Peers/otlp_backend.py has them.
    static func run(
        _ transport: Transport,
        _ arguments: [String] = [],
        _ body: (PythonBackend) async throws -> Void
    ) async throws {
        try await Slots.use(2) { try await runNow(transport, arguments, body) }
    }

    private static func runNow(
        _ transport: Transport,
        _ arguments: [String],
        _ body: (PythonBackend) async throws -> Void
    ) async throws {
        let process = try await Peers.python("otlp_backend.py", [transport.rawValue] + arguments)
        _ = await process.waitUntil(timeout: .seconds(60)) { $0.contains("port ") || $0.exit != nil }
        let port = process.output.lines("port").first.flatMap { Int($0) }
        do {
            try await body(PythonBackend(process: process, port: try #require(port, "\(process.output.text)")))
        } catch {
            await process.stop()
            throw error
        }
        await process.stop()
    }

    /// Waits for so many spans, and returns all that have come.
    func spans(_ count: Int) async throws -> [RawSpan] {
        _ = await process.waitUntil { ((try? Self.spans($0)) ?? []).count >= count }
        #expect(process.output.lines("malformed").isEmpty, "\(process.output.text)")
        return try Self.spans(process.output)
    }

    private static func spans(_ output: GatewayLog) throws -> [RawSpan] {
        try output.requests("request").flatMap { try RawSpan.spans(of: $0) }
    }

    /// Of each request, with names in lower case.
    func headers() throws -> [[String: String]] {
        try process.output.lines("request").map { line in
            let json = line.drop { $0 != " " }
            return try JSONDecoder().decode([String: String].self, from: Data(json.utf8))
        }
    }
}
