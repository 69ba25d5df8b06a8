import Collector
import HTTPClient
import TestSupport
import Testing

@testable import Components

@Suite(.timeLimit(.minutes(1))) struct ZPagesTests {
    let context = TestContext()

    func run(_ body: (ComponentContext, _ get: (String) async throws -> HTTPClientResponse) async throws -> Void)
        async throws
    {
        var configuration = ZPagesConfiguration()
        configuration.server.endpoint = Endpoint(host: "127.0.0.1", port: 0)
        let component = context.component("zpages")
        let client = try HTTPClient()
        let service = try ZPagesExtension(configuration, context: component)
        try await withRunning(service) {
            let endpoint = await context.log("Starting zPages extension").metadata["endpoint"] ?? ""
            try await body(component) { path in
                try await client.execute(HTTPClientRequest(method: "GET", url: "http://\(endpoint)\(path)"))
            }
        }
        client.shutdown()
    }

    @Test func whateverComponentsTellIsAPage() async throws {
        try await run { context, get in
            context.metrics.inspections.add("taskrunz") { request in
                let rows = (0..<250).dropFirst(request.offset).prefix(request.limit).map { ["run-\($0)", "<b>&\"'"] }
                return [InspectionTable("TaskRuns", columns: ["Name", "Note"], rows: Array(rows), total: 250)]
            }
            let index = try await get("/debug/")
            #expect(index.status == 200)
            #expect(String(decoding: index.body, as: UTF8.self).contains("<a href=\"/debug/taskrunz\">taskrunz</a>"))
            let first = try await get("/debug/taskrunz")
            #expect(first.header("Content-Type") == "text/html; charset=utf-8")
            #expect(first.header("Content-Security-Policy")?.contains("default-src 'none'") == true)
            let text = String(decoding: first.body, as: UTF8.self)
            #expect(text.contains("<td>run-99</td><td>&lt;b&gt;&amp;&quot;&#39;</td>"))
            #expect(!text.contains("run-100"))
            #expect(!text.contains("<script"))
            #expect(text.contains("<p>1 to 100 of 250</p>"))
            #expect(text.contains("<a href=\"?offset=100\">Next</a>"))
            let last = String(decoding: try await get("/debug/taskrunz?offset=200").body, as: UTF8.self)
            #expect(last.contains("run-249"))
            #expect(last.contains("<a href=\"?offset=100\">Previous</a>"))
            #expect(!last.contains("Next"))
            for odd in ["?offset=-5", "?offset=x", "?", "?offset=99999999999999999999"] {
                try await #expect(get("/debug/taskrunz\(odd)").body == first.body)
            }
            for far in ["9999", "\(Int.max)", "\(Int.max - 99)"] {
                try await #expect(get("/debug/taskrunz?offset=\(far)").status == 200)
            }
            try await #expect(get("/debug/none").status == 404)
            try await #expect(get("/other").status == 404)
        }
    }

    @Test func pagesAreValidAndWhatComesInIsText() async throws {
        let hostile = [
            "</td></table><script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "&lt;b&gt; &amp; &nosuch;",
            "a\u{0}b\u{1B}c\u{7F}\r\n\t\u{202E}", "<!--", "]]>", "\u{1F600} \u{E9}", "", " ",
        ]
        try await run { context, get in
            context.metrics.inspections.add("odd") { request in
                hostile.map { InspectionTable($0, columns: [$0, $0], rows: hostile.map { [$0, $0] }, total: 500) }
                    + [InspectionTable("Empty", columns: ["a"], rows: [])]
            }
            let index = try HTMLDocument(String(decoding: try await get("/debug/").body, as: UTF8.self))
            #expect(index.targets == ["/debug/odd", "/debug/queuez"])
            let page = try HTMLDocument(String(decoding: try await get("/debug/odd?offset=100").body, as: UTF8.self))
            #expect(page.title.hasPrefix("odd - "))
            #expect(page.headings.count == hostile.count + 2)
            #expect(page.rows.count == hostile.count * (hostile.count + 1))
            #expect(page.rows[1][0] == hostile[0])
            #expect(page.rows[3][1] == hostile[2])
            #expect(!page.elements.contains("script"))
            #expect(!page.elements.contains("img"))
            #expect(page.targets == ["/debug/", "?offset=0", "?offset=200"])
        }
    }

    @Test func queuesAreThoseOfTheMetrics() async throws {
        try await run { context, get in
            let size = MetricDescription("otelcol_exporter_queue_size", .gauge, "Batches in the queue.")
            let other = MetricDescription("otelcol_receiver_accepted_spans", .counter, "Not of an exporter.")
            context.observe { sink in
                sink.add(size, 3, ["exporter": "otlp_http", "data_type": "traces"])
                sink.add(other, 1, ["receiver": "otlp"])
            }
            let text = String(decoding: try await get("/debug/queuez").body, as: UTF8.self)
            #expect(
                text.contains(
                    "<td>otlp_http</td><td>otelcol_exporter_queue_size</td><td>data_type=traces</td><td>3</td>"
                )
            )
            #expect(!text.contains("receiver_accepted"))
        }
    }
}
