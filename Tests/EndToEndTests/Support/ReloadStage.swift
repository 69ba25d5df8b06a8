import Glibc
import HTTPClient
import OTLP
import Replay
import Testing

/// The built gateway with its configuration in a file that tests change, in front of recording backends.
final class ReloadStage: Sendable {
    let folder: String
    let file: String
    let backend: RecordingBackend
    let other: RecordingBackend
    let port: ReservedPort
    let gateway: GatewayProcess
    let client: HTTPClient
    private let temporary: TemporaryFolder

    /// What a configuration is made of; the defaults are what the gateway starts with.
    struct Configuration {
        var receiver = "otlp"
        /// Further options of the receiver's HTTP server.
        var http = ""
        /// Further receivers, as YAML on a line of its own.
        var receivers = ""
        var receiverIDs: [String] = []
        var processors: [String] = []
        var timeout = "10s"
        var backend = \ReloadStage.backend
        var level = "info"
        var isBroken = false
        /// Options of the exporter's sending queue.
        var queue = ""
        /// Further exporters, as YAML on a line of its own.
        var exporters = ""
        var exporterIDs: [String] = []
        /// Options of a `file_storage` extension; nil for none.
        var fileStorage: String?
        var shutdownTimeout = "10s"

        fileprivate var exporterList: String {
            isBroken ? "otlp_htp, debgu" : (["otlp_http"] + exporterIDs).joined(separator: ", ")
        }
    }

    private init(
        _ folder: TemporaryFolder,
        _ port: ReservedPort,
        _ backends: (RecordingBackend, RecordingBackend),
        _ gateway: GatewayProcess
    ) throws {
        temporary = folder
        self.folder = folder.path
        file = "\(folder.path)/config.yaml"
        self.port = port
        (backend, other) = backends
        self.gateway = gateway
        var options = HTTPClientConfiguration()
        options.proxy = ""
        options.disableKeepAlives = true
        client = try HTTPClient(configuration: options)
    }

    /// Starts the gateway and takes it down after `body`.
    static func run(_ start: Configuration = Configuration(), _ body: (ReloadStage) async throws -> Void) async throws {
        try await Slots.use {
            let (folder, port) = (try TemporaryFolder(), try ReservedPort())
            let backends = (RecordingBackend(), RecordingBackend())
            try await backends.0.start()
            try await backends.1.start()
            let url = backends.0.url
            let file = try folder.write("config.yaml", text(start, port: port.number, url: url))
            let gateway = try await GatewayProcess.start(Steptrace.path, arguments: ["--config", file])
            let stage = try ReloadStage(folder, port, backends, gateway)
            try await gateway.waitUntilReady()
            do {
                try await body(stage)
            } catch {
                Issue.record("\(error); the gateway's log:\n\(gateway.output.text)")
            }
            #expect(await gateway.stop() == .code(0), "\(gateway.output.text)")
            for backend in [backends.0, backends.1] {
                #expect(backend.contents.malformed.isEmpty)
                await backend.stop()
            }
        }
    }

    static func text(_ configuration: Configuration, port: Int, url: String) -> String {
        """
        receivers:
          \(configuration.receiver):
            protocols:
              http:
                endpoint: 127.0.0.1:\(port)
                \(configuration.http)
          \(configuration.receivers)
        processors:
          memory_limiter: {check_interval: 1s, limit_mib: 4000}
          tekton_steps: {auth_type: none, api_server: "http://127.0.0.1:1"}
        exporters:
          otlp_http:
            endpoint: \(url)
            timeout: \(configuration.timeout)
            retry_on_failure: {initial_interval: 50ms, max_interval: 200ms}
            sending_queue: {\(configuration.queue)}
          \(configuration.exporters)
        extensions: {\(configuration.fileStorage.map { "file_storage: \($0)" } ?? "")}
        service:
          shutdown_timeout: \(configuration.shutdownTimeout)
          extensions: [\(configuration.fileStorage == nil ? "" : "file_storage")]
          telemetry: {metrics: {level: none}, logs: {level: \(configuration.level), sampling: {enabled: false}}}
          pipelines:
            traces:
              receivers: [\(([configuration.receiver] + configuration.receiverIDs).joined(separator: ", "))]
              processors: [\(configuration.processors.joined(separator: ", "))]
              exporters: [\(configuration.exporterList)]

        """
    }

    /// Writes the configuration as an editor would: another file in place of the one there was.
    func write(_ configuration: Configuration) throws {
        let url = self[keyPath: configuration.backend].url
        let new = "\(file).new"
        try Self.text(configuration, port: port.number, url: url).write(toFile: new)
        guard rename(new, file) == 0 else { throw StageError(description: "rename \(new)") }
    }

    /// Writes the configuration, sends SIGHUP, and waits for the gateway to have taken it up or refused it.
    func reload(_ configuration: Configuration, expecting text: String = "The configuration has been reloaded.")
        async throws
    {
        let before = Self.outcomes(gateway.output)
        try write(configuration)
        gateway.send(signal: SIGHUP)
        let isDone = await gateway.waitUntil { Self.outcomes($0) > before }
        let last = gateway.output.lines.last { Self.isOutcome($0.message) }?.message ?? ""
        #expect(isDone && last == text, "\(gateway.output.text)")
    }

    static let refusal = "The configuration stays as it was."

    private static func isOutcome(_ message: String) -> Bool {
        message == "The configuration has been reloaded." || message == refusal
    }

    static func outcomes(_ log: GatewayLog) -> Int { log.lines.count { isOutcome($0.message) } }

    /// Posts a span on a connection of its own.
    func post(_ id: UInt64, port: Int? = nil) async throws -> Int {
        let request = HTTPClientRequest(
            method: "POST",
            url: "http://127.0.0.1:\(port ?? self.port.number)/v1/traces",
            headers: [("Content-Type", "application/x-protobuf")],
            body: try Fixtures.request([Fixtures.span(id: id)])
        )
        return try await client.execute(request).status
    }

    /// The ids of spans that have arrived, with repeats.
    var arrived: [UInt64] { Self.ids(backend.contents) + Self.ids(other.contents) }

    static func ids(_ contents: RecordingBackend.Contents) -> [UInt64] {
        contents.spans.map { $0.message.spanID.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    }
}

struct StageError: Error {
    let description: String
}

extension String {
    fileprivate func write(toFile path: String) throws {
        guard let file = fopen(path, "w") else { throw StageError(description: "open \(path)") }
        defer { fclose(file) }
        guard fputs(self, file) >= 0 else { throw StageError(description: "write \(path)") }
    }
}
