import Collector
import FoundationEssentials
import HTTPServer
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization

/// The `health_check` extension: 200 while the pipelines are ready, 503 before and after.
///
/// Components with errors are named in the body. They leave the answer at 200 unless `component_health` says otherwise: a
/// restart would not help. The liveness path answers 200 whatever happens.
final class HealthCheckExtension: Service, HTTPServerHandler, FileReadingComponent {
    private let configuration: HealthCheckConfiguration
    private let context: ComponentContext
    private let tls: TLSContextSource?
    private let tracker: Mutex<HealthTracker>
    private let started = ContinuousClock.now
    /// Ready follows within a moment, or never.
    private let upSince = Date()

    static let factory = ComponentFactory.extension(
        type: "health_check",
        stability: "beta",
        HealthCheckConfiguration.self
    ) { try HealthCheckExtension($0, context: $1) }

    init(_ configuration: HealthCheckConfiguration, context: ComponentContext) throws {
        self.configuration = configuration
        self.context = context
        tls = try configuration.server.tls.map { try TLSContextSource($0, logger: context.logger) }
        tracker = Mutex(HealthTracker(configuration.rules))
    }

    func rereadFiles() { tls?.reload(isAsked: true) }

    func run() async throws {
        let guarded = try GuardedHandler.make(self, configuration.server, context) { message, _ in
            .text(.unauthorized, "\(message)\n")
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            // So that the beginning of an error is known when nobody asks.
            tasks.addTask { await self.context.poll(every: .seconds(1)) { self.observe() } }
            tasks.addTask {
                try await self.context.serve(
                    self.configuration.server.server(tls: self.tls),
                    guarded,
                    path: "extensions::\(self.context.id)::endpoint"
                ) { $0.info("Starting health_check extension", metadata: ["endpoint": "\($1)"]) }
            }
            // Not `waitForAll`: when the server cannot listen, the looking has to end, too.
            for try await _ in tasks {}
        }
    }

    private var now: Duration { ContinuousClock.now - started }

    private func observe() {
        let (statuses, now) = (context.statuses.current(), now)
        tracker.withLock { $0.observe(statuses, now: now) }
    }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        switch path {
        case configuration.path: .respond(answer())
        case configuration.livenessPath: .respond(.text(.ok, "alive\n"))
        case configuration.readinessPath: .respond(readiness())
        default: .respond(.text(.notFound, "404 page not found\n"))
        }
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse { answer() }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) { responder.respond(answer()) }

    private func verdict(_ statuses: [String: ComponentStatus]) -> HealthTracker.Verdict {
        let (isReady, now) = (context.statuses.isReady, now)
        return tracker.withLock { tracker in
            tracker.observe(statuses, now: now)
            return tracker.verdict(isReady: isReady, statuses, now: now)
        }
    }

    private func readiness() -> HTTPServerResponse {
        switch verdict(context.statuses.current()) {
        case .available: .text(.ok, "ready\n")
        case .unavailable(let failing) where failing.isEmpty: .text(.serviceUnavailable, "not ready\n")
        case .unavailable(let failing):
            .text(.serviceUnavailable, "not ready: errors for too long in \(failing.joined(separator: ", "))\n")
        case .failed(let failed):
            .text(.internalServerError, "not ready: permanent errors in \(failed.joined(separator: ", "))\n")
        }
    }

    private func answer() -> HTTPServerResponse {
        let statuses = context.statuses.current()
        let status: HTTPResponseStatus =
            switch verdict(statuses) {
            case .available: .ok
            case .unavailable: .serviceUnavailable
            case .failed: .internalServerError
            }
        if let body = status == .ok ? configuration.healthyBody : configuration.unhealthyBody {
            return .text(status, body)
        }
        let report = HealthReport(isAvailable: status == .ok, upSince: upSince, now: Date(), components: statuses)
        return HTTPServerResponse(
            status: status,
            headers: ["Content-Type": "application/json"],
            body: ByteBuffer(bytes: report.json)
        )
    }
}
