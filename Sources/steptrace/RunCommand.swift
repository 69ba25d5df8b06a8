import ArgumentParser
import CMalloc
import Collector
import Components
import Glibc
import Logging
import NIOPosix
import UnixSignals

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the gateway until SIGTERM or SIGINT (the default).",
        discussion: """
            The first signal stops taking spans in, sends on what has been taken and ends within \
            service::shutdown_timeout; another one ends at once, if it comes a second or more after the first. The exit code is 0 after a signal, and 1 for an \
            invalid configuration or a component that failed. SIGHUP, and a change of a configuration file, reload the \
            configuration; one with errors changes nothing.
            """
    )

    @OptionGroup var arguments: ConfigurationArguments

    func run() async throws {
        // Bodies are allocated by one thread and freed by another: with an arena for each thread, as is glibc's default,
        // several times the memory that is needed stays with the process.
        _ = mallopt(M_ARENA_MAX, 2)
        // Large pieces, such as pages of a list, go back to the system at once; without this only the first of each size.
        _ = mallopt(M_MMAP_THRESHOLD, 1 << 20)
        // That ends malloc's own adjustment of this, too, which begins at 128 KB: the end of the heap would come and go with
        // every few bodies. What is free for longer is `FreeMemory`'s to give back.
        _ = mallopt(M_TRIM_THRESHOLD, 4 << 20)
        let source = try arguments.source
        let (configuration, warnings) = try ConfigurationArguments.telling { try source.load() }
        let logs = LogSettings(configuration.service.logs)
        let sampler = LogSampler(configuration.service.logs.sampling)
        LoggingSystem.bootstrap { CollectorLogHandler(label: $0, settings: logs, sampler: sampler) }
        defer { CollectorLogHandler(label: "logs", settings: logs, sampler: sampler).tellSuppressed() }
        let logger = Logger(label: "service")
        for warning in warnings { logger.warning("\(warning)") }

        // A peer or a log reader that goes away is an error of that write, not the end of the program.
        signal(SIGPIPE, SIG_IGN)
        // As is a file that may not become larger (RLIMIT_FSIZE).
        signal(SIGXFSZ, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let metrics = MetricsRegistry()
        sampler.observe(in: metrics)
        let group = MultiThreadedEventLoopGroup.singleton
        let servers = MetricsServers(metrics, group: group, logger: Logger(label: "metrics"))
        do {
            let service = try CollectorService(
                configuration,
                eventLoopGroup: group,
                metrics: metrics,
                makeLogger: { Logger(label: $0) }
            )
            ServiceInspection(service.statuses) { service.configuration.service }.add(to: metrics.inspections)
            let reloader = ConfigurationReloader(source, of: service, metrics: metrics, logger: logger) {
                try await servers.apply($0.metrics)
                logs.set($0.logs)
                sampler.set($0.logs.sampling)
            }
            let listener = Task { await Self.listen(to: signals, service, reloader, logger) }
            defer { listener.cancel() }
            try await servers.apply(configuration.service.metrics)
            let reloading = Task { await reloader.run() }
            defer { reloading.cancel() }
            try await service.run()
            await servers.stop()
        } catch {
            logger.error("\(error)")
            throw ExitCode.failure
        }
    }

    /// Wrappers such as timeout(1) send a signal to the process and to its group: the same one twice, which is no wish to
    /// end at once.
    private static let repeatTime = Duration.seconds(1)

    /// Reloads the configuration at SIGHUP. Ends the service at the first other signal, and the process at the next that
    /// is no repetition of that, or when the service takes longer than it may.
    private static func listen(
        to signals: UnixSignalsSequence,
        _ service: CollectorService,
        _ reloader: ConfigurationReloader,
        _ logger: Logger
    ) async {
        var end: ContinuousClock.Instant?
        for await signal in signals {
            if let end {
                if signal == .sighup { continue }
                guard ContinuousClock.now - end >= repeatTime else {
                    logger.info("Received the signal again, it is ending.", metadata: ["signal": "\(name(signal))"])
                    continue
                }
                logger.error("Received a second signal from OS, ending at once.")
                _exit(EXIT_FAILURE)
            }
            logger.info("Received signal from OS", metadata: ["signal": "\(name(signal))"])
            if signal == .sighup {
                reloader.request()
                continue
            }
            end = .now
            let limit = service.configuration.service.shutdownTimeout + .seconds(2)
            Task {
                try await Task.sleep(for: limit)
                logger.error("The shutdown takes too long, ending at once.")
                _exit(EXIT_FAILURE)
            }
            await service.triggerGracefulShutdown()
        }
    }

    /// As Go names it.
    private static func name(_ signal: UnixSignal) -> String {
        switch signal {
        case .sigint: "interrupt"
        case .sighup: "hangup"
        default: "terminated"
        }
    }
}
