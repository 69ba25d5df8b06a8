import ArgumentParser
import UnixSignals

/// Runs `body`, which SIGTERM and SIGINT cancel.
///
/// - Throws: what `body` throws; after a signal the exit code 128 and its number, as shells have it.
func withSignals<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    let work = Task { try await body() }
    let signal = Task { () -> UnixSignal? in
        for await signal in signals {
            work.cancel()
            return signal
        }
        return nil
    }
    let result = await work.result
    signal.cancel()
    if let received = await signal.value { throw ExitCode(128 + received.rawValue) }
    return try result.get()
}
