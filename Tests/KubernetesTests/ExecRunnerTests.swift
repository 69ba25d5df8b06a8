import FoundationEssentials
import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(1))) struct ExecRunnerTests {
    private func plugin(_ script: String) -> ExecPlugin {
        var plugin = ExecPlugin(command: "/bin/sh")
        plugin.arguments = ["-c", script]
        return plugin
    }

    private func failure(_ plugin: ExecPlugin, _ runner: ExecRunner) async -> ExecFailure? {
        await #expect(throws: ExecFailure.self) { try await runner.run(plugin) }
    }

    @Test func aPluginGetsItsVariablesAndTheInfoAndNoInput() async throws {
        var plugin = plugin(#"printf '%s|%s|%s|' "$OWN" "$GIVEN" "$KUBERNETES_EXEC_INFO"; cat"#)
        plugin.version = .v1beta1
        plugin.environment = ["OWN": "changed"]
        plugin.clusterInfo = #"{"server":"https://c"}"#
        let runner = ExecRunner(variables: ["OWN": "o", "GIVEN": "g", "PATH": "/usr/bin:/bin"])
        let output = String(decoding: try await runner.run(plugin), as: UTF8.self)
        #expect(
            output == #"changed|g|{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","#
                + #""spec":{"cluster":{"server":"https://c"},"interactive":false}}|"#
        )
    }

    @Test func aNameIsLookedUpInThePath() async throws {
        let runner = ExecRunner(variables: ["PATH": "/usr/bin:/bin"])
        var plugin = ExecPlugin(command: "echo")
        plugin.arguments = ["x"]
        #expect(try await runner.run(plugin) == Array("x\n".utf8))
    }

    @Test("a program that is not there", arguments: ["no-such-plugin-here", "/no/such/plugin"])
    func missing(command: String) async {
        let failure = await failure(ExecPlugin(command: command), ExecRunner(variables: ["PATH": "/usr/bin:/bin"]))
        #expect(failure?.isMissing == true, "\(failure?.message ?? "")")
    }

    @Test func aFailureIsToldWithTheProgramsOwnWords() async {
        let runner = ExecRunner(variables: ["PATH": "/usr/bin:/bin"])
        let failed = await failure(plugin("echo ignored; echo ' no session ' >&2; exit 3"), runner)
        #expect(failed == ExecFailure("exit code 3: no session"))
        #expect(await failure(plugin("kill -9 $$"), runner) == ExecFailure("ended by signal 9"))
    }

    @Test func oneThatDoesNotEndIsEndedWithAllItHasStarted() async throws {
        let marker = URL.temporaryDirectory.appending(path: "steptrace-exec-\(UInt64.random(in: 0 ... .max))").path
        var runner = ExecRunner(variables: ["PATH": "/usr/bin:/bin"])
        runner.timeout = .seconds(1)
        let start = ContinuousClock.now
        // The second shell holds the output open.
        let script = "sh -c 'echo $$ > \(marker); exec sleep 300' & trap '' TERM; while :; do sleep 300; done"
        let failure = await failure(plugin(script), runner)
        #expect(failure == ExecFailure("no answer within 1 s, it was ended"))
        #expect(ContinuousClock.now - start < .seconds(20))
        let child = try String(contentsOf: URL(filePath: marker), encoding: .utf8).trimmingWhitespace()
        try FileManager.default.removeItem(atPath: marker)
        // Gone, or not yet reaped by whoever inherited it.
        let status = (try? String(contentsOf: URL(filePath: "/proc/\(child)/stat"), encoding: .utf8)) ?? " Z "
        #expect(status.contains(" Z "), "\(status)")
    }

    @Test func outputIsBounded() async {
        var runner = ExecRunner(variables: ["PATH": "/usr/bin:/bin"])
        runner.maxOutput = 1000
        let failure = await failure(plugin("while :; do echo 0123456789; done"), runner)
        #expect(failure?.message.contains("1000 bytes") == true, "\(failure?.message ?? "")")
    }
}
