import ArgumentParser
import Replay
import Waterfall

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Replay recorded runs of Tekton through the gateway and draw their traces; needs no cluster.",
        discussion: """
            Starts the gateway as a process of its own, with a configuration file, between a Tekton controller, a \
            Kubernetes API server and a backend that replay and record. Exit code 0 when all spans came out as they should.
            """
    )

    @Option(help: "Play only this recording; may be repeated.", transform: Self.embeddedRecording)
    var recording: [EmbeddedRecording] = []

    @Option(help: "How many times faster than it happened.")
    var speed = 5.0

    @Option(help: "Columns of the drawing; that of the terminal by default.")
    var width: Int?

    @Flag(help: "Draw without colours.")
    var noColor = false

    @Option(
        help: ArgumentHelp(
            "Send the traces on to this OTLP/HTTP backend as well, such as a Jaeger's http://127.0.0.1:4318.",
            valueName: "url"
        )
    )
    var backend: String?

    @Flag(help: "List the recordings and end.")
    var list = false

    func validate() throws {
        guard speed > 0, speed <= 1_000 else {
            throw ValidationError("--speed must be greater than 0, and 1000 at the most")
        }
        if let backend {
            let isURL = backend.hasPrefix("http://") || backend.hasPrefix("https://")
            guard isURL, !backend.contains(where: { $0 == "\"" || $0 == "\\" || $0.isWhitespace }) else {
                throw ValidationError("--backend must be a URL such as http://127.0.0.1:4318")
            }
        }
    }

    func run() async throws {
        if list {
            for recording in EmbeddedRecording.allCases { print("\(recording.rawValue): \(recording.summary)") }
            return
        }
        let chosen = recording.isEmpty ? EmbeddedRecording.allCases : recording
        var terminal = TerminalSettings.current
        if let width { terminal.width = width }
        if noColor { terminal.color = false }
        let demo = Demo(
            recordings: try chosen.map { try $0.load() },
            speed: speed,
            userBackend: backend,
            renderer: TerminalRenderer(width: terminal.width, color: terminal.color, unicode: terminal.unicode)
        )
        guard try await withSignals({ try await demo.run() }) else { throw ExitCode.failure }
    }

    private static func embeddedRecording(_ name: String) throws -> EmbeddedRecording {
        guard let recording = EmbeddedRecording(rawValue: name) else {
            let names = EmbeddedRecording.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("there is no recording '\(name)', but: \(names)")
        }
        return recording
    }
}
