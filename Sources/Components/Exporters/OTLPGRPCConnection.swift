import Collector
import Logging
import NIOCore
import OTLPGRPC
import Synchronization

/// The client of an `otlp_grpc` exporter, and another one when the files of its certificates have changed: gRPC's transport
/// reads them once.
final class OTLPGRPCConnection: Sendable {
    /// A client whose connections are closed when the last call that holds it has ended.
    final class Client: Sendable {
        let client: TraceClient
        /// Keeps the connections up, from the first call on.
        private let running = Mutex<Task<Void, Never>?>(nil)

        fileprivate init(_ client: TraceClient) { self.client = client }

        fileprivate var connections: Task<Void, Never>? { running.withLock { $0 } }

        fileprivate func connect(_ logger: Logger) {
            running.withLock { running in
                guard running == nil else { return }
                running = Task { [client] in
                    do {
                        try await client.run()
                    } catch {
                        logger.error("the gRPC client has ended", metadata: ["error": "\(error)"])
                    }
                }
            }
        }

        deinit { client.shutdown() }
    }

    private struct State {
        var current: Client
        /// Of the files as they were before they were read.
        var stamps: [FileStamp?]
        /// Connections of clients that were replaced.
        var replaced: [Task<Void, Never>] = []
    }

    private let configuration: TraceClientConfiguration
    private let group: any EventLoopGroup
    private let logger: Logger
    private let files: [String]
    private let state: Mutex<State>

    /// Connects with the first call: a backend that is down is no error.
    ///
    /// - Throws: what is wrong with the certificates.
    init(_ configuration: TraceClientConfiguration, group: any EventLoopGroup, logger: Logger) throws {
        self.configuration = configuration
        self.group = group
        self.logger = logger
        files = configuration.tls?.files ?? []
        let stamps = files.map { FileStamp($0) }
        state = Mutex(State(current: Client(try TraceClient(configuration, group: group)), stamps: stamps))
    }

    /// The client for a call, with the certificates as they are now; where those cannot be used, with those it has.
    func client() -> Client {
        state.withLock { state in
            // Within the lock: of two calls at the moment of a change, the later to get here has not looked earlier.
            let stamps = files.map { FileStamp($0) }
            if stamps != state.stamps {
                state.stamps = stamps
                renew(&state)
            }
            state.current.connect(logger)
            return state.current
        }
    }

    private func renew(_ state: inout State) {
        do {
            let client = Client(try TraceClient(configuration, group: group))
            if let connections = state.current.connections { state.replaced.append(connections) }
            state.current = client
            logger.info("The files of tls have changed, and are used from now on.")
        } catch {
            logger.error(
                "The files of tls have changed, and cannot be used; the old ones stay in use.",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// Closes the connections. Calls under way are cut off.
    func close() async {
        let connections = state.withLock { state in
            state.current.client.shutdown()
            return state.replaced + [state.current.connections].compactMap(\.self)
        }
        for task in connections { task.cancel() }
        for task in connections { await task.value }
    }
}
