public import ArgumentParser
import Collector
import OTLP
import SwiftProtobuf
public import Tekton
import Waterfall

struct ExplainCommand: AsyncParsableCommand {
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case waterfall
        case json
        case svg
    }

    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show the spans that TaskRun, Pod and Event objects give; needs no cluster.",
        discussion: """
            Takes what `kubectl get taskruns,pods,events -o yaml` prints (YAML or JSON, single objects, several documents \
            or lists), or the folder of a recording. What is missing for a complete picture is said on stderr.
            """
    )

    @Argument(help: "Files with objects, `-` for standard input, or folders of recordings.")
    var files: [String]

    @Option(name: [.short, .long], help: "What to print: waterfall, json (OTLP) or svg.")
    var output: Output = .waterfall

    @Option(help: "How steps tell of waiting, queueing and running: events, spans or none.")
    var stepTransitions: SpanOptions.StepTransitions = .events

    @Option(help: "Columns (waterfall) or pixels (svg) of the drawing.")
    var width: Int?

    @Flag(help: "Draw without colours.")
    var noColor = false

    func run() async throws {
        var objects = ExplainedObjects()
        for file in files { try ObjectFiles.read(file, into: &objects) }
        guard !objects.isEmpty else {
            throw ExplainError("there is no TaskRun among the objects; try `kubectl get taskrun NAME -o yaml`")
        }
        let options = SpanOptions(stepTransitions: stepTransitions)
        let explanation = Explanation(objects, options: options)
        for note in explanation.notes { StandardError.write("note: \(note)\n") }
        let resourceSpans = TektonSpan.resourceSpans(
            explanation.spans,
            options: options,
            version: BuildInfo.version
        )
        switch output {
        case .json:
            var request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest()
            request.resourceSpans = resourceSpans
            print(String(decoding: try OTLPJSON.encode(request.serializedBytes()), as: UTF8.self))
        case .svg: print(SVGRenderer(width: width ?? 960).render(trees(resourceSpans)))
        case .waterfall: draw(trees(resourceSpans))
        }
        if explanation.spans.isEmpty { throw ExitCode.failure }
    }

    private func trees(_ resourceSpans: [Opentelemetry_Proto_Trace_V1_ResourceSpans]) -> [TraceTree] {
        TraceTree.trees(of: TraceSpan.spans(of: resourceSpans))
    }

    private func draw(_ trees: [TraceTree]) {
        let terminal = TerminalSettings.current
        let renderer = TerminalRenderer(
            width: width ?? terminal.width,
            color: terminal.color && !noColor,
            unicode: terminal.unicode
        )
        print(renderer.render(trees), terminator: "")
    }
}

extension SpanOptions.StepTransitions: ExpressibleByArgument {}
