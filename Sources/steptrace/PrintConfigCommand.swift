public import ArgumentParser
public import Collector
import Components

struct PrintConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "print-config",
        abstract: "Print the configuration as it is put together from its sources.",
        discussion: """
            All sources are merged and all variables replaced; defaults are not filled in. Passwords, tokens, keys and \
            headers are shown as [REDACTED].
            """,
        aliases: ["print-initial-config"]
    )

    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case redacted
        case unredacted
    }

    @OptionGroup var arguments: ConfigurationArguments

    @Option(help: "Whether secrets are hidden.")
    var mode = Mode.redacted

    @Option(help: "The format.")
    var format = ConfigText.Format.yaml

    @Option(
        name: .customLong("validate"),
        help: ArgumentHelp("Print nothing when the configuration is not valid.", valueName: "true|false")
    )
    var validates = true

    func run() throws {
        let source = try arguments.source
        let text = try ConfigurationArguments.telling {
            if validates { _ = try source.load() }
            let config = try source.resolve()
            return try ConfigText(config, hidingSecretsOf: mode == .redacted ? source.factories : nil).text(format)
        }
        print(text, terminator: "")
    }
}

extension ConfigText.Format: ExpressibleByArgument {}
