import Testing

@testable import Replay

@Suite("A gateway as a process, played by a shell")
struct GatewayProcessTests {
    private func start(_ script: String, environment: [String: String] = [:]) async throws -> GatewayProcess {
        try await GatewayProcess.start("/bin/sh", arguments: ["-c", script], environment: environment)
    }

    @Test("its log is read from both outputs, to a last line without an end, and its exit code told")
    func logAndExit() async throws {
        let process = try await start("echo one; echo two >&2; printf three; exit 7")
        #expect(await process.waitForExit() == .code(7))
        #expect(process.output.lines.map(\.text) == ["one", "two", "three"])
    }

    @Test("it is ready when it says so, and its endpoints are known")
    func ready() async throws {
        let process = try await start(
            #"""
            printf 'T\tinfo\treceiver:otlp\tStarting HTTP server\t{"endpoint": "127.0.0.1:4318", "n": 1}\n'
            printf 'T\tinfo\tservice\tEverything is ready. Begin.\n'
            exec cat <&2
            """#
        )
        try await process.waitUntilReady()
        #expect(process.endpoint(of: "otlp") == "127.0.0.1:4318")
        #expect(process.endpoint(of: "health_check") == nil)
        #expect(process.output.lines[1].level == "info")
        #expect(await process.stop() == .signal(15))
    }

    @Test("one that ends before it is ready is told with its log")
    func notReady() async throws {
        let process = try await start("echo no such component; exit 1")
        let error = await #expect(throws: GatewayNotReady.self) { try await process.waitUntilReady() }
        #expect(error?.log == "no such component\n")
    }

    @Test("one that does not heed SIGTERM is killed")
    func killed() async throws {
        let process = try await start("trap '' TERM; echo up; while :; do read line <&2; done")
        #expect(await process.waitUntil { $0.contains("up") })
        #expect(await process.stop(timeout: .milliseconds(50)) == .signal(9))
    }

    @Test("environment entries are given to it")
    func environment() async throws {
        let process = try await start(
            "echo $STEPTRACE_TEST $HOME",
            environment: ["STEPTRACE_TEST": "yes", "HOME": "/home"]
        )
        #expect(await process.waitForExit() == .code(0))
        #expect(process.output.lines.map(\.text) == ["yes /home"])
    }

    @Test("a program that is not there cannot be started")
    func missing() async {
        await #expect(throws: GatewayError.self) {
            try await GatewayProcess.start("/nonexistent", arguments: [])
        }
    }
}
