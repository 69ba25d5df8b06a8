public import Collector
import HTTPServer
public import Logging
public import NIOCore

/// The servers of `service::telemetry::metrics`, one for each reader.
///
/// They are not part of the service: they start before it and end after it, so that what a shutdown does can be seen.
public actor MetricsServers {
    private let metrics: MetricsRegistry
    private let group: any EventLoopGroup
    private let logger: Logger
    private var running: [(reader: MetricsConfiguration.Reader, server: HTTPServer)] = []

    /// - Parameter metrics: what is served; figures about the process are added to it.
    public init(_ metrics: MetricsRegistry, group: any EventLoopGroup, logger: Logger) {
        self.metrics = metrics
        self.group = group
        self.logger = logger
        let process = ProcessMetrics()
        metrics.observe("process") { process.write(to: &$0) }
    }

    /// Starts the readers that are new, and then stops those that are not there any more.
    ///
    /// - Throws: when one cannot listen; then everything is as it was before.
    public func apply(_ configuration: MetricsConfiguration) async throws(ConfigError) {
        var started: [(reader: MetricsConfiguration.Reader, server: HTTPServer)] = []
        var kept: [(reader: MetricsConfiguration.Reader, server: HTTPServer)] = []
        for reader in configuration.readers {
            if let same = running.first(where: { $0.reader == reader }) {
                kept.append(same)
                continue
            }
            do {
                started.append((reader, try await start(reader)))
            } catch {
                await Self.stop(started.map(\.server))
                throw error
            }
        }
        let gone = running.filter { old in !configuration.readers.contains(old.reader) }
        running = kept + started
        await Self.stop(gone.map(\.server))
    }

    /// Answers what is under way, and closes the ports.
    public func stop() async {
        let servers = running.map(\.server)
        running = []
        await Self.stop(servers)
    }

    private static func stop(_ servers: [HTTPServer]) async {
        for server in servers { await server.shutdown(deadline: .now() + .seconds(1)) }
    }

    private func start(_ reader: MetricsConfiguration.Reader) async throws(ConfigError) -> HTTPServer {
        var configuration = HTTPServerConfiguration(endpoint: HTTPEndpoint(reader.endpoint))
        configuration.listenerOwner = "service::telemetry::metrics"
        let server = HTTPServer(
            configuration: configuration,
            group: group,
            handler: MetricsHandler(metrics, naming: reader.naming),
            logger: logger
        )
        do {
            let address = try await server.bind()
            let bound = HTTPEndpoint(
                host: address.ipAddress ?? reader.endpoint.host,
                port: address.port ?? reader.endpoint.port
            )
            logger.info("Starting Prometheus metrics server", metadata: ["endpoint": "\(bound)"])
            return server
        } catch {
            throw ConfigError(
                path: "service::telemetry::metrics::readers",
                position: nil,
                message: error.isAddressInUse
                    ? "\(error); choose another host or port for the Prometheus exporter, free this one, "
                        + "or set service::telemetry::metrics::level to none" : "\(error)"
            )
        }
    }
}
