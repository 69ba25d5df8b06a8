import ArgumentParser
import Collector

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check the configuration without running it.",
        discussion: """
            Prints everything that is wrong to standard error, with file, line and path, and exits with 1; \
            says nothing and exits with 0 when nothing is. No port is opened.
            """
    )

    @OptionGroup var arguments: ConfigurationArguments

    func run() throws {
        for warning in try arguments.load().warnings { StandardError.write("warning: \(warning)\n") }
    }
}
