import TestSupport
import Testing

@testable import Collector

@Suite struct PrometheusTextTests {
    static let spans = MetricDescription(
        "otelcol_receiver_accepted_spans",
        .counter,
        unit: "{spans}",
        "Accepted spans."
    )
    static let uptime = MetricDescription("otelcol_process_uptime", .counter, unit: "s", "Uptime.")
    static let cpu = MetricDescription("otelcol_process_cpu_seconds", .counter, unit: "s", "CPU.")
    static let memory = MetricDescription("otelcol_process_memory_rss", .gauge, unit: "By", "Memory.")
    static let duration = MetricDescription(
        "steptrace_step_duration",
        .histogram,
        unit: "s",
        "A \"step\" \\ took\nlong."
    )

    /// One of each kind.
    static var sink: MetricSink {
        var sink = MetricSink()
        sink.add(memory, 1 << 20)
        sink.add(uptime, 1.5)
        sink.add(cpu, 0.25)
        sink.add(spans, 7, ["receiver": "otlp", "transport": "http"])
        sink.add(spans, 3, ["receiver": "otlp", "transport": "grpc"])
        sink.add(
            duration,
            .histogram(bounds: [0.5, 10], counts: [1, 0, 2], sum: 100.25),
            ["step": "a\"b\\c\nd\u{E9}", "otel.signal": "traces"]
        )
        return sink
    }

    static let without = PrometheusNaming()
    static let with = PrometheusNaming(withoutTypeSuffix: false, withoutUnits: false, withoutScopeInfo: false)

    @Test func namesAreTheCollectorsByDefault() {
        let target = [MetricSink.Label(name: "service.name", value: "steptrace")]
        #expect(
            PrometheusText(.text, naming: Self.without).render(Self.sink, target: target) == """
                # HELP otelcol_process_cpu_seconds CPU.
                # TYPE otelcol_process_cpu_seconds counter
                otelcol_process_cpu_seconds 0.25
                # HELP otelcol_process_memory_rss Memory.
                # TYPE otelcol_process_memory_rss gauge
                otelcol_process_memory_rss 1048576
                # HELP otelcol_process_uptime Uptime.
                # TYPE otelcol_process_uptime counter
                otelcol_process_uptime 1.5
                # HELP otelcol_receiver_accepted_spans Accepted spans.
                # TYPE otelcol_receiver_accepted_spans counter
                otelcol_receiver_accepted_spans{receiver="otlp",transport="grpc"} 3
                otelcol_receiver_accepted_spans{receiver="otlp",transport="http"} 7
                # HELP steptrace_step_duration A "step" \\\\ took\\nlong.
                # TYPE steptrace_step_duration histogram
                steptrace_step_duration_bucket{step="a\\"b\\\\c\\nd\u{E9}",otel_signal="traces",le="0.5"} 1
                steptrace_step_duration_bucket{step="a\\"b\\\\c\\nd\u{E9}",otel_signal="traces",le="10"} 1
                steptrace_step_duration_bucket{step="a\\"b\\\\c\\nd\u{E9}",otel_signal="traces",le="+Inf"} 3
                steptrace_step_duration_sum{step="a\\"b\\\\c\\nd\u{E9}",otel_signal="traces"} 100.25
                steptrace_step_duration_count{step="a\\"b\\\\c\\nd\u{E9}",otel_signal="traces"} 3
                # HELP target_info Target metadata
                # TYPE target_info gauge
                target_info{service_name="steptrace"} 1

                """
        )
    }

    @Test func suffixesAndScopeOnRequest() throws {
        let text = PrometheusText(.text, naming: Self.with).render(Self.sink)
        let exposition = try Exposition(text)
        #expect(
            exposition.names == [
                "otelcol_process_cpu_seconds_total", "otelcol_process_memory_rss_bytes",
                "otelcol_process_uptime_seconds_total", "otelcol_receiver_accepted_spans_total",
                "steptrace_step_duration_seconds",
            ]
        )
        let scope = ["otel_scope_name": "steptrace", "otel_scope_version": BuildInfo.version]
        #expect(exposition["otelcol_process_uptime_seconds_total", scope] == 1.5)
    }

    @Test(arguments: [without, with], [PrometheusFormat.text, .openMetrics])
    func everythingIsValid(naming: PrometheusNaming, format: PrometheusFormat) throws {
        let text = PrometheusText(format, naming: naming).render(
            Self.sink,
            target: [MetricSink.Label(name: "service_name", value: "x")]
        )
        let exposition = try Exposition(text)
        #expect(exposition.names.count == 6)
        #expect(
            exposition.sum(
                naming.withoutTypeSuffix ? "otelcol_receiver_accepted_spans" : "otelcol_receiver_accepted_spans_total"
            ) == 10
        )
        #expect(exposition.sum("target_info") == 1)
        #expect(text.hasSuffix("# EOF\n") == (format == .openMetrics))
        // The strings come back as they were.
        let step = exposition.families.values.flatMap(\.samples).compactMap { $0.labels["step"] }
        #expect(Set(step) == ["a\"b\\c\nd\u{E9}"])
        let help = exposition.families.first { $0.key.hasPrefix("steptrace_step") }?.value.help
        #expect(help == "A \"step\" \\ took\nlong.")
    }

    @Test func openMetricsNamesTheFamilyWithoutTotalAndHasUnits() {
        let text = PrometheusText(.openMetrics, naming: Self.with).render(Self.sink)
        #expect(
            text.contains(
                "# TYPE otelcol_process_uptime_seconds counter\n# UNIT otelcol_process_uptime_seconds seconds\n"
            )
        )
        #expect(text.contains(",le=\"10.0\"}"))
    }

    @Test func seriesWithTheSameLabelsAreOne() throws {
        var sink = MetricSink()
        let again = MetricDescription(Self.spans.name, .counter, unit: "{spans}", "Other words.")
        let other = MetricDescription(Self.spans.name, .gauge, "Of another kind.")
        for metric in [Self.spans, again, other] { sink.add(metric, 2, ["receiver": "otlp"]) }
        for _ in 0..<2 { sink.add(Self.duration, .histogram(bounds: [1], counts: [1, 2], sum: 4)) }
        let exposition = try Exposition(PrometheusText(.text, naming: Self.without).render(sink))
        #expect(exposition["otelcol_receiver_accepted_spans", ["receiver": "otlp"]] == 4)
        #expect(exposition["steptrace_step_duration_count"] == 6)
        #expect(exposition["steptrace_step_duration_sum"] == 8)
    }

    @Test func numbersAreWhatPrometheusReads() {
        let numbers: [(Double, String)] = [
            (0, "0"), (-3, "-3"), (0.1, "0.1"), (1e300, "1e+300"), (1e-7, "1e-07"), (.nan, "NaN"), (.infinity, "+Inf"),
            (-.infinity, "-Inf"), (9_007_199_254_740_992, "9007199254740992"),
        ]
        for (number, text) in numbers { #expect(PrometheusText.text(number) == text) }
    }

    @Test func namesAreMadeValid() {
        #expect(PrometheusNaming.sanitized("otel.signal") == "otel_signal")
        #expect(PrometheusNaming.sanitized("1a:b") == "_1a_b")
        #expect(PrometheusNaming.sanitized("a:b", allowsColon: true) == "a:b")
        #expect(PrometheusNaming.sanitized("") == "_")
    }

    @Test func openMetricsIsForThoseWhoPreferItAndOnlyWithSuffixes() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            + "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,"
            + "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
        #expect(PrometheusFormat.negotiated(accept: prometheus, naming: Self.with) == .openMetrics)
        #expect(PrometheusFormat.negotiated(accept: prometheus, naming: Self.without) == .text)
        for accept in [nil, "", "*/*", "text/plain", "application/openmetrics-text;q=0", "garbage;;q=x,"] {
            #expect(PrometheusFormat.negotiated(accept: accept, naming: Self.with) == .text)
        }
        let lower = "application/openmetrics-text; q=0.1, text/plain"
        #expect(PrometheusFormat.negotiated(accept: lower, naming: Self.with) == .text)
    }
}
