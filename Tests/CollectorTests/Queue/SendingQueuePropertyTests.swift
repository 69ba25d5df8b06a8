import Testing

@testable import Collector

/// Drives the queue through random histories in virtual time.
@Suite struct SendingQueuePropertyTests {
    @Test(arguments: 0..<120)
    func inMemoryEverySpanIsDeliveredOnceOrCountedAsDropped(seed: UInt64) {
        var history = QueueHistory(seed: seed, storage: .none)
        history.run()
        #expect(history.violations == [], "seed \(seed)")
    }

    @Test(arguments: 0..<120)
    func withStorageEverySpanIsDeliveredOnceDroppedOrStillStored(seed: UInt64) {
        var history = QueueHistory(seed: seed, storage: .keeps)
        history.run()
        #expect(history.violations == [], "seed \(seed)")
    }

    @Test(arguments: 0..<120)
    func whateverWasAcceptedOutlivesTheProcess(seed: UInt64) {
        var history = QueueHistory(seed: seed, storage: .outlivesProcess)
        history.run()
        #expect(history.violations == [], "seed \(seed)")
    }
}
