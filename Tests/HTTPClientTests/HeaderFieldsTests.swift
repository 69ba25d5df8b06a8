import Testing

@testable import HTTPClient

@Suite
struct HeaderFieldsTests {
    private func parse(_ text: String) -> [String] {
        HeaderFields.raw(Array(text.utf8)).list.map { "\($0.name)=\($0.value)" }
    }

    @Test func linesAreSplitAtTheFirstColonAndTrimmed() {
        let text = "HTTP/1.1 200 OK: fine\r\nA: 1\r\nb:2\r\nC: \t x: y \t\r\nEmpty:\r\n\r\n"
        #expect(parse(text) == ["A=1", "b=2", "C=x: y", "Empty="])
    }

    @Test(arguments: ["", "\r\n", ":", ": x\r\n", "no colon\r\n", "\u{FFFD}"])
    func whatIsNoHeaderIsLeftOut(text: String) {
        #expect(parse(text) == [])
    }

    @Test func namesAreFoundInAnyCaseAndTheFirstCounts() {
        let response = HTTPClientResponse(status: 200, headers: [("X-a", "1"), ("x-A", "2")], body: [])
        #expect(response.header("X-A") == "1")
        #expect(response.header("X-") == nil)
    }
}
