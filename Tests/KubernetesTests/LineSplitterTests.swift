import Testing

@testable import Kubernetes

@Suite struct LineSplitterTests {
    private func lines(_ text: String, chunk size: Int) throws -> [String] {
        var splitter = LineSplitter(limit: 100)
        var lines: [String] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            splitter.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
            while let line = try splitter.next() {
                lines.append(String(decoding: line, as: UTF8.self))
            }
        }
        return lines
    }

    @Test("lines are the same for every chunk size", arguments: 1...40)
    func anyChunkSize(size: Int) throws {
        let text = "{\"a\":1}\n\n{\"name\":\"b\u{fc}ro \u{1f600}\"}\nx\ny\nincomplete"
        #expect(try lines(text, chunk: size) == ["{\"a\":1}", "", "{\"name\":\"b\u{fc}ro \u{1f600}\"}", "x", "y"])
    }

    @Test func aLineOfExactlyTheLimitIsLetThroughAndOneMoreIsNot() throws {
        let longest = String(repeating: "x", count: 100)
        #expect(try lines(longest + "\n", chunk: 33) == [longest])
        #expect(throws: LineSplitter.LineTooLong.self) { try lines(longest + "x\n", chunk: 200) }
        #expect(throws: LineSplitter.LineTooLong.self) { try lines(longest + "x", chunk: 7) }
    }
}
