import OTLP
import Testing

@testable import Waterfall

@Suite("The waterfall in the terminal")
struct TerminalRendererTests {
    @Test("a failed TaskRun: bars on one axis, failures marked with their cause, the reconciler's spans folded")
    func stepFails() {
        let text = TerminalRenderer(width: 100, unicode: false).render(TraceTree.trees(of: Sample.stepFails))
        #expect(
            text == """
                Trace 000000000000000000000000000000ab  10.0 s, 9 spans, 5 added
                                                                0 s            5 s       10.0 s
                taskrun-reconciler    TaskRun:Reconciler       |-                              |  30 ms
                tekton-steps        ! |-TaskRun build          |===============================| 10.0 s  StepFailed
                tekton-steps          | |-schedule             |====                           |  1.0 s
                tekton-steps          | |-step fetch           |      =======                  |  1.9 s
                tekton-steps        ! | |-step build           |            ===================|  5.8 s  exit code 3
                tekton-steps          | `-step test            |                              =|   1 ms  skipped
                taskrun-reconciler    `-... 3 reconciler spans |............................   |

                """
        )
    }

    @Test("box-drawing and block characters when asked for")
    func unicode() {
        var text = TerminalRenderer(width: 80).render(TraceTree.trees(of: Array(Sample.stepFails.dropFirst(4))))
        for (character, standIn) in zip("\u{2588}\u{2592}\u{2591}\u{2502}\u{251C}\u{2514}\u{2026}", "#%.|+L~") {
            text.replace(String(character), with: String(standIn))
        }
        #expect(
            text == """
                Trace 000000000000000000000000000000ab  10.0 s, 5 spans, 5 added
                                               0 s           5 s     10.0 s
                tekton-steps  ! TaskRun build |############################| 10.0 s  StepFailed
                tekton-steps    + schedule    |###                         |  1.0 s
                tekton-steps    + step fetch  |     ######                 |  1.9 s
                tekton-steps  ! + step build  |           #################|  5.8 s  exit code 3
                tekton-steps    L step test   |                           #|   1 ms  skipped

                """
        )
    }

    @Test("no line is wider than the terminal, whatever the names", arguments: [0, 60, 80, 133, 250])
    func width(_ width: Int) {
        var spans = Sample.stepFails
        for id: UInt64 in 100..<150 {
            spans.append(
                Sample.span(
                    id,
                    parent: id == 100 ? 10 : id - 1,
                    String(repeating: id % 2 == 0 ? "long " : "\u{6F22}\u{5B57}", count: 30),
                    id...(id + 5_000),
                    failed: true,
                    ["error.type": String(repeating: "cause ", count: 20)]
                )
            )
        }
        for unicode in [true, false] {
            let text = TerminalRenderer(width: width, unicode: unicode).render(TraceTree.trees(of: spans))
            let lines = text.split(separator: "\n").dropFirst()
            #expect(lines.count > 50)
            #expect(lines.allSatisfy { DisplayText.width(String($0)) <= max(60, width) })
            #expect(unicode || text.utf8.allSatisfy { $0 < 0x80 })
        }
    }

    @Test("names cannot move the cursor or break lines")
    func controlCharacters() {
        let span = Sample.span(1, "a\u{1B}[2J\nb\rc\u{202E}d", 0...1)
        let text = TerminalRenderer().render(TraceTree.trees(of: [span]))
        #expect(!text.contains("\u{1B}"))
        #expect(text.contains("a\u{FFFD}[2J\u{FFFD}b\u{FFFD}cd "))
        #expect(text.split(separator: "\n").count == 3)
    }

    @Test("colour changes nothing but the colour")
    func color() {
        let trees = TraceTree.trees(of: Sample.stepFails)
        let plain = TerminalRenderer(color: false).render(trees)
        let colored = TerminalRenderer(color: true).render(trees)
        #expect(colored.contains("\u{1B}[31m!\u{1B}[0m"))
        #expect(colored.replacing(#/\u{1B}\[[0-9]+m/#, with: "") == plain)
    }

    @Test("a span of 1 ms in a trace of hours still has a cell")
    func minimalLength() {
        let spans = [
            Sample.span(1, "TaskRun", 0...10_000_000),
            Sample.span(2, parent: 1, "step first", 0...1),
            Sample.span(3, parent: 1, "step last", 9_999_999...10_000_000),
        ]
        let lines = TerminalRenderer(unicode: false).render(TraceTree.trees(of: spans)).split(separator: "\n")
        #expect(lines[3].contains("|=  "))
        #expect(lines[4].contains(" =|"))
        #expect(lines[2].hasSuffix("2 h 47 min"))
    }

    @Test("an empty trace list draws nothing")
    func empty() {
        #expect(TerminalRenderer().render([]) == "")
    }
}
