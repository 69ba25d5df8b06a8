import HTTPClient
import Replay
import TestSupport
import Testing

@Suite("zpages")
struct ZPagesTests {
    @Test("every page of a gateway at work is valid HTML, readable without styles and scripts, and tells what happens")
    func pages() async throws {
        let settings = [
            "extensions.zpages.endpoint=127.0.0.1:0", "service.extensions=[health_check, zpages]",
            "processors.memory_limiter={check_interval: 1s, limit_mib: 4000}",
            "service.pipelines.traces.processors=[memory_limiter, tekton_steps]",
        ]
        try await Stage.run(["step-fails", "pipelinerun"], settings) { stage in
            let base = "http://\(try #require(stage.gateway.endpoint(of: "zpages")))"
            func page(_ path: String) async throws -> HTMLDocument {
                let answer = try await stage.client.execute(HTTPClientRequest(method: "GET", url: base + path))
                #expect(answer.status == 200, "\(path)")
                return try HTMLDocument(String(decoding: answer.body, as: UTF8.self))
            }
            await stage.waitUntilFollowing()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await stage.sendAll() }
                tasks.addTask {
                    for id in UInt64(1)...300 { try await stage.send(Fixtures.request([Fixtures.span(id: id)])) }
                }
                tasks.addTask { while stage.apiServer.step() { await Task.yield() } }
                let index = try await page("/debug/")
                #expect(
                    index.targets
                        == ["extensionz", "pipelinez", "queuez", "servicez", "taskrunz"].map { "/debug/\($0)" }
                )
                for _ in 0..<10 {
                    for target in index.targets {
                        let document = try await page(target)
                        #expect(document.elements.isDisjoint(with: ["script", "img", "link"]))
                        #expect(target == "/debug/taskrunz" || !document.rows.isEmpty)
                        #expect(Set(document.rows.map(\.count)).count <= 1)
                    }
                }
                try await tasks.waitForAll()
            }
            _ = try await stage.metrics { $0.sum("otelcol_exporter_sent_spans") > 300 }
            let queues = try await page("/debug/queuez").rows
            #expect(queues.contains { $0[1] == "otelcol_exporter_sent_spans" && (Int($0[3]) ?? 0) > 300 })
            let taskRuns = try await page("/debug/taskrunz").rows
            #expect(taskRuns.contains { $0[1] == "step-fails-1" && $0[5] == "yes" }, "\(taskRuns)")
            let pipelines = try await page("/debug/pipelinez").rows
            #expect(pipelines.contains(["traces", "otlp", "memory_limiter, tekton_steps", "otlp_http"]))
        }
    }
}
