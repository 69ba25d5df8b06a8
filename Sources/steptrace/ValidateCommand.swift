import ArgumentParser
import Collector
import Logging
import NIOPosix

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check the configuration without running it.",
        discussion: """
            Also builds the pipelines, for which the files that the configuration names (certificates, kubeconfig) \
            have to be there. Prints everything that is wrong to standard error, with file, line and path, and exits \
            with 1; says nothing and exits with 0 when nothing is. No port is opened and nothing is started.
            """
    )

    @OptionGroup var arguments: ConfigurationArguments

    func run() throws {
        let (configuration, warnings) = try ConfigurationArguments.telling { try arguments.source.load() }
        for warning in warnings { StandardError.write("warning: \(warning)\n") }
        do {
            _ = try CollectorService(
                configuration,
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
                makeLogger: { Logger(label: $0) { _ in SwiftLogNoOpLogHandler() } }
            )
        } catch {
            StandardError.write("\(error)\n")
            throw ExitCode.failure
        }
    }
}
