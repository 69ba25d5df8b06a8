import Compression
import FoundationEssentials
import Kubernetes
import Testing

@testable import Tekton

@Suite("Termination messages")
struct TerminationMessageTests {
    private static let started = KubernetesTime("2026-11-23T08:26:47.084Z")

    @Test func internalResultsAreReadBesideTheUsers() {
        let text = """
            [{"key":"digest","value":"sha256:feed","type":1},{"key":"sum","value":"abc","type":4},\
            {"key":"StartedAt","value":"2026-11-23T08:26:47.084Z","type":3},{"key":"ExitCode","value":"5","type":3}]
            """
        #expect(TerminationMessage(parsing: text) == TerminationMessage(startedAt: Self.started, exitCode: 5))
    }

    @Test func aUsersResultOfTheSameNameDoesNotCount() {
        let text = """
            [{"key":"StartedAt","value":"2026-11-23T08:26:47.084Z","type":3},\
            {"key":"StartedAt","value":"1999-01-01T00:00:00Z","type":1},{"key":"ExitCode","value":"7","type":1},\
            {"key":"Reason","value":"Skipped","type":4}]
            """
        #expect(TerminationMessage(parsing: text) == TerminationMessage(startedAt: Self.started))
    }

    @Test func oldEntrypointsWriteTypesAsNames() {
        let text = """
            [{"key":"StartedAt","value":"2026-11-23T08:26:47.084Z","type":"InternalTektonResult"},\
            {"key":"ExitCode","value":"3","type":"TaskRunResult"}]
            """
        #expect(TerminationMessage(parsing: text) == TerminationMessage(startedAt: Self.started))
    }

    /// A container may write there what it likes.
    @Test func aTimeBeforeAllOfThemIsNone() {
        let text = """
            [{"key":"StartedAt","value":"1678-01-01T00:00:00Z","type":3},{"key":"ExitCode","value":"1","type":3}]
            """
        #expect(TerminationMessage(parsing: text) == TerminationMessage(exitCode: 1))
    }

    @Test func theLastOfSeveralWins() {
        let text = #"[{"key":"Reason","value":"Skipped","type":3},{"key":"Reason","value":"Cancelled","type":3}]"#
        #expect(TerminationMessage(parsing: text)?.reason == "Cancelled")
    }

    @Test func compressedMessagesAreInflated() throws {
        let text = #"[{"key":"StartedAt","value":"2026-11-23T08:26:47.084Z","type":3}]"#
        // gzip's frame is 10 bytes before and 8 behind the deflated data.
        let deflated = try gzip(Array(text.utf8), level: 6).dropFirst(10).dropLast(8)
        let message = "tknz:" + Data(deflated).base64EncodedString()
        #expect(TerminationMessage(parsing: message) == TerminationMessage(startedAt: Self.started))
    }

    @Test(arguments: ["", "killed", "[", "tknz:", "tknz:!!!!", "tknz:AAAA", "{}", "null", "[1,2]"])
    func whatIsNotTheEntrypointsIsNone(text: String) {
        #expect(TerminationMessage(parsing: text) == nil)
    }
}
