public import HTTPClient

/// Posts recorded exports to a receiver over real HTTP, as Tekton's exporter does.
///
/// That is: 429, 502, 503 and 504 are tried again with the same body, later than Retry-After if there is one, until it
/// gives up; any other answer and a refused connection lose the export at once.
public struct ReplaySender: Sendable {
    /// What became of one export.
    public struct Outcome: Sendable, Equatable {
        /// Of the last answer; nil when there was none.
        public let status: Int?
        /// Why there was no answer.
        public let error: HTTPClientError?
        public let attempts: Int

        public var isDelivered: Bool { status == 200 }
    }

    /// The receiver's base URL, such as `http://127.0.0.1:4318`; the recorded path is put behind it.
    public let url: String
    /// Between two attempts, doubled each time.
    public var retryInterval: Duration = .seconds(5)
    /// From the first attempt on; the exporter then drops the export.
    public var giveUpAfter: Duration = .seconds(30)
    private let client: HTTPClient

    public init(to url: String, client: HTTPClient) {
        self.url = url
        self.client = client
    }

    /// Posts each export at its recorded time, by the given clock; one that is being retried does not hold up others.
    public func play(_ recording: Recording, _ clock: ReplayClock) async throws -> [Outcome] {
        try await sendAll(recording.exports) { try await clock.sleep(until: $0.offset) }
    }

    /// Posts all exports at once, each on a connection of its own.
    public func sendAll(_ recording: Recording) async throws -> [Outcome] {
        try await sendAll(recording.exports) { _ in }
    }

    /// Posts one export, with retries.
    public func send(_ export: Recording.Export) async throws -> Outcome {
        let start = ContinuousClock.now
        var pause = retryInterval
        var attempts = 0
        while true {
            attempts += 1
            let response: HTTPClientResponse
            do {
                response = try await client.execute(request(export))
            } catch {
                return Outcome(status: nil, error: error, attempts: attempts)
            }
            let outcome = Outcome(status: response.status, error: nil, attempts: attempts)
            guard [429, 502, 503, 504].contains(response.status) else { return outcome }
            let retryAfter = response.header("Retry-After").flatMap { Int($0) }.map { Duration.seconds($0) }
            let wait = max(pause, retryAfter ?? .zero)
            guard ContinuousClock.now - start + wait < giveUpAfter else { return outcome }
            try await Task.sleep(for: wait)
            pause *= 2
        }
    }

    /// - Parameter wait: called for one after the other, so that those whose time has come together keep their order.
    private func sendAll(
        _ exports: [Recording.Export],
        wait: (Recording.Export) async throws -> Void
    ) async throws -> [Outcome] {
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            for (index, export) in exports.enumerated() {
                try await wait(export)
                group.addTask { (index, try await send(export)) }
            }
            var outcomes: [Int: Outcome] = [:]
            for try await (index, outcome) in group { outcomes[index] = outcome }
            return exports.indices.compactMap { outcomes[$0] }
        }
    }

    private func request(_ export: Recording.Export) -> HTTPClientRequest {
        // The client writes these itself; Accept-Encoding would have it decode the answer.
        let own = ["host", "content-length", "accept-encoding"]
        return HTTPClientRequest(
            method: "POST",
            url: url + export.path,
            headers: export.headers.filter { !own.contains($0.name.lowercased()) }.map { ($0.name, $0.value) },
            body: export.body,
            timeout: .seconds(10)
        )
    }
}
