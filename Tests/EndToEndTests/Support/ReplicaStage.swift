import FoundationEssentials
import HTTPClient
import OTLP
import Replay
import Testing

@testable import steptrace

/// Several built gateways that follow one replaying API server, and share its TaskRuns or do not, in front of one recording
/// backend.
struct ReplicaStage: Sendable {
    let recordings: [Recording]
    let apiServer: ReplayAPIServer
    let backend: RecordingBackend
    let gateways: [GatewayProcess]
    private let senders: [ReplaySender]

    private static func configuration(_ stage: (api: String, backend: String), _ number: Int, hold: String) -> String {
        """
        yaml:
        receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
        processors:
          tekton_steps:
            auth_type: none
            api_server: \(stage.api)
            completed_max_age: 87600h
            max_hold: \(hold)
            sharding: {lease_namespace: lab, identity: replica-\(number), renew_interval: 200ms}
        exporters: {otlp_http: {endpoint: "\(stage.backend)", compression: none}}
        service:
          telemetry: {metrics: {level: none}}
          pipelines: {traces: {receivers: [otlp], processors: [tekton_steps], exporters: [otlp_http]}}
        """
    }

    /// Starts them all, waits until they have found each other, and ends those that are left after `body`.
    ///
    /// - Parameters:
    ///   - leases: how long they last; nil for replicas that do not share.
    ///   - hold: `max_hold`.
    static func run(
        _ names: [String],
        count: Int,
        leases: String?,
        hold: String = "300ms",
        _ body: (ReplicaStage) async throws -> Void
    ) async throws {
        try await Slots.use(count) {
            let recordings = try names.map { try Fixtures.recording($0) }
            let apiServer = ReplayAPIServer(recordings)
            let backend = RecordingBackend()
            try await apiServer.start()
            try await backend.start()
            // Before the TaskRuns that were recorded, so that all replicas have their share of them.
            apiServer.leases.create(at: "2020-01-01T00:00:00Z")
            var options = HTTPClientConfiguration()
            options.proxy = ""
            let client = try HTTPClient(configuration: options)
            let sharding = (leases.map { ["enabled=true", "lease_duration=\($0)"] } ?? []).flatMap {
                ["--set", "processors.tekton_steps.sharding.\($0)"]
            }
            var gateways: [GatewayProcess] = []
            var senders: [ReplaySender] = []
            for number in 0..<count {
                let configuration = configuration((apiServer.url, backend.url), number, hold: hold)
                let gateway = try await GatewayProcess.start(
                    Steptrace.path,
                    arguments: ["--config", configuration] + sharding
                )
                try await gateway.waitUntilReady()
                gateways.append(gateway)
                senders.append(ReplaySender(to: "http://\(try #require(gateway.endpoint(of: "otlp")))", client: client))
            }
            let stage = ReplicaStage(
                recordings: recordings,
                apiServer: apiServer,
                backend: backend,
                gateways: gateways,
                senders: senders
            )
            if leases == nil {
                #expect(await apiServer.waitUntil { $0.watchCount == 3 * count }, "\(stage.logs)")
            } else {
                for gateway in gateways { await stage.expectReplicas(Array(0..<count), in: gateway) }
            }
            do {
                try await body(stage)
            } catch {
                Issue.record("\(error); the gateways' logs:\n\(stage.logs)")
            }
            for gateway in gateways { await gateway.stop() }
            #expect(backend.contents.malformed.isEmpty)
            await apiServer.stop()
            await backend.stop()
        }
    }

    var logs: String { gateways.map(\.output.text).joined(separator: "----\n") }

    /// Waits until a gateway has last said that these replicas are there, and no others.
    func expectReplicas(_ numbers: [Int], in gateway: GatewayProcess) async {
        let wanted = numbers.map { "replica-\($0)" }
        let isSaid = await gateway.waitUntil(timeout: .seconds(30)) { log in
            let said = log.lines.last { $0.message == "Replicas that share the TaskRuns" }?.attributes["replicas"]
            let names = said?.split(separator: ",").map { $0.drop { $0 == " " }.prefix { $0 != " " } } ?? []
            return names.map(String.init).sorted() == wanted
        }
        #expect(isSaid, "\(wanted): \(gateway.output.text)")
    }

    /// Plays spans and objects of all recordings at the same time; each export goes to another gateway than the one before.
    func play(speed: Double) async throws {
        let clock = ReplayClock(speed: speed)
        try await withThrowingTaskGroup { group in
            group.addTask { try await apiServer.play(clock) }
            for recording in recordings {
                group.addTask {
                    for (index, export) in recording.exports.enumerated() {
                        try await clock.sleep(until: export.offset)
                        let outcome = try await senders[index % senders.count].send(export)
                        #expect(outcome.isDelivered)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Sends all spans at once: each export to another gateway than the one before, or all to the same.
    ///
    /// - Returns: through how many gateways spans of each TaskRun have passed.
    func sendAll(inTurn: Bool) async throws -> [TaskRunName: Int] {
        var passed: [TaskRunName: Set<Int>] = [:]
        for recording in recordings {
            for (index, export) in recording.exports.enumerated() {
                let number = inTurn ? index % senders.count : 0
                let outcome = try await senders[number].send(export)
                #expect(outcome.isDelivered)
                for span in try RawSpan.spans(of: export.body) {
                    if let name = TaskRunName(span) { passed[name, default: []].insert(number) }
                }
            }
        }
        return passed.mapValues(\.count)
    }

    /// What spans of Tekton's and of ours say of whose they are.
    struct TaskRunName: Hashable {
        let traceID: [UInt8]
        let namespace: String
        let name: String

        /// Nil for a span that names no TaskRun.
        init?(_ span: RawSpan) {
            let message = span.message
            func value(_ key: String) -> String? { message.attributes.first { $0.key == key }?.value.stringValue }
            guard let namespace = value("namespace"), let name = value("taskrun") else { return nil }
            traceID = Array(message.traceID)
            self.namespace = namespace
            self.name = name
        }
    }

    /// The spans that are to be added.
    func expected() throws -> [RawSpan] { try ExpectedSpans(recordings).spans }

    /// Waits for all spans that are to be added, of which copies may come.
    func expectAll(timeout: Duration = .seconds(40)) async throws {
        let expected = Set(try expected())
        _ = await backend.waitUntil(timeout: timeout) { Set($0.injected).isSuperset(of: expected) }
        let received = Set(backend.contents.injected)
        let missing = expected.subtracting(received).map(\.message.name).sorted()
        #expect(missing == [], "\(logs)")
        #expect(received.subtracting(expected).map(\.message.name).sorted() == [])
    }
}
