@testable import Collector

extension SendingQueue.Actions {
    var stores: [Store] {
        storage.compactMap { if case .store(let store) = $0 { store } else { nil } }
    }

    var fetch: Fetch? {
        storage.compactMap { if case .fetch(let fetch) = $0 { fetch } else { nil } }.first
    }

    var fetchAfter: Duration? {
        storage.compactMap { if case .fetchAfter(let delay) = $0 { delay } else { nil } }.first
    }

    var removals: [Int64] {
        storage.flatMap { action -> [Int64] in if case .remove(let ids) = action { ids } else { [] } }
    }
}

extension SendingQueue.Actions {
    /// The exporter's new state, when it changes.
    var status: ComponentStatus? { statusChange?.status }
}
