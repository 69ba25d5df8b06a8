import Testing

@testable import Tekton

@Suite struct SharedStringsTests {
    @Test func whatIsSharedIsWhatWasGivenHoweverManyThereAre() {
        var shared = SharedStrings()
        // Several times as many as it has places for, twice.
        for index in (0..<5000).map({ $0 % 2500 }) {
            let strings = ["build-\(index)", "an image whose name is longer than fifteen bytes \(index % 7)"]
            #expect(shared.share(strings) == strings)
        }
        #expect(shared.share([]) == [])
    }

    /// `==` takes these for the same. The last two are so of the same length.
    @Test func whatOnlyReadsTheSameIsKeptApart() {
        var shared = SharedStrings()
        for text in ["caf\u{e9}", "cafe\u{301}", "caf\u{e9}", "\u{212b}ngstrom", "A\u{30a}ngstrom"] {
            #expect(shared.share([text]).map { Array($0.utf8) } == [Array(text.utf8)])
        }
    }
}
