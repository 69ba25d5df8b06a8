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
}
