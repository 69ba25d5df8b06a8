import ArgumentParser
import Collector

@main
struct Steptrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: BuildInfo.command,
        abstract: "A trace gateway for Tekton, compatible with the OpenTelemetry Collector.",
        discussion: """
            Takes the spans that the Tekton controller exports, adds the spans of the steps of its TaskRuns to the \
            same traces, and sends them on.

            Usually: \(BuildInfo.command) --config config.yaml (see \(BuildInfo.command) run --help).
            """,
        version: "\(BuildInfo.command) version \(BuildInfo.version)",
        subcommands: [
            RunCommand.self, ValidateCommand.self, PrintConfigCommand.self, ComponentsCommand.self, DemoCommand.self,
            ExplainCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )
}
