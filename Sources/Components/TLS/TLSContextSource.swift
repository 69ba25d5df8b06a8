import Logging
import NIOSSL
import Synchronization

/// The TLS context for the next connection, made anew when its files change.
///
/// A change that cannot be used keeps the context there is, and is told of once.
final class TLSContextSource: Sendable {
    private struct State {
        var material: TLSMaterial
        var context: NIOSSLContext
        /// What was last told to be of no use.
        var complaint: TLSError?
    }

    /// How often `client_ca_file_reload` looks.
    private static let clientCAInterval = Duration.seconds(5)

    private let configuration: ServerTLSConfiguration
    private let applicationProtocols: [String]
    private let logger: Logger
    private let state: Mutex<State>
    private let watch = Mutex<Task<Void, Never>?>(nil)

    /// Reads the files. Blocks.
    ///
    /// - Parameter applicationProtocols: for ALPN, such as `h2`.
    init(
        _ configuration: ServerTLSConfiguration,
        applicationProtocols: [String] = [],
        logger: Logger
    ) throws(TLSError) {
        self.configuration = configuration
        self.applicationProtocols = applicationProtocols
        self.logger = logger
        let material = try TLSMaterial(configuration)
        let context = try configuration.makeContext(material, applicationProtocols: applicationProtocols)
        state = Mutex(State(material: material, context: context))
        startWatching()
    }

    deinit { watch.withLock { $0?.cancel() } }

    var context: NIOSSLContext { state.withLock { $0.context } }

    private func startWatching() {
        let interval: Duration
        switch (configuration.reloadInterval, configuration.clientCAFileReload && configuration.clientCAFile != nil) {
        case (let reload?, true): interval = min(reload, Self.clientCAInterval)
        case (let reload?, false): interval = reload
        case (nil, true): interval = Self.clientCAInterval
        case (nil, false): return
        }
        let task = Task { [weak self] in
            while (try? await Task.sleep(for: interval)) != nil {
                guard let self else { return }
                self.reload()
            }
        }
        watch.withLock { $0 = task }
    }

    /// Looks at the files, and takes what has changed. Blocks.
    ///
    /// - Parameter isAsked: not by the clock, but by somebody who wants it now: whatever `reload_interval` says.
    func reload(isAsked: Bool = false) {
        do throws(TLSError) {
            var material = try TLSMaterial(configuration)
            let old = state.withLock { $0.material }
            if configuration.reloadInterval == nil, !isAsked {
                material.certificate = old.certificate
                material.key = old.key
            }
            guard material != old else { return state.withLock { $0.complaint = nil } }
            let context = try configuration.makeContext(material, applicationProtocols: applicationProtocols)
            state.withLock { $0 = State(material: material, context: context) }
            logger.info("TLS certificates were read again.")
        } catch {
            let isNew = state.withLock { state in
                defer { state.complaint = error }
                return state.complaint != error
            }
            if isNew { logger.error("TLS certificates have changed and cannot be used, the old ones stay: \(error)") }
        }
    }
}
