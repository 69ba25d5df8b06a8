import Testing

@testable import Components

@Suite struct DebugSamplingTests {
    func shown(_ initial: Int, _ thereafter: Int, of count: Int) -> [Int] {
        var sampling = DebugSampling(initial: initial, thereafter: thereafter)
        let now = ContinuousClock.now
        return (1...count).filter { _ in sampling.shows(now) }
    }

    @Test func theFirstOfASecondAreShownAndThenEachSoManieth() {
        #expect(shown(2, 1, of: 5) == [1, 2, 3, 4, 5])
        #expect(shown(2, 3, of: 9) == [1, 2, 5, 8])
        #expect(shown(1, 0, of: 9) == [1])
    }

    @Test func aSecondLaterItBeginsAnew() {
        var sampling = DebugSampling(initial: 1, thereafter: 0)
        let now = ContinuousClock.now
        let (first, second) = (sampling.shows(now), sampling.shows(now))
        #expect(first && !second)
        let later = sampling.shows(now + .seconds(1))
        #expect(later)
    }
}
