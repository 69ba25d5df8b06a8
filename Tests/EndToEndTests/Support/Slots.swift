/// Lets so many gateways run at a time that each gets its share of the machine.
actor Slots {
    static let count = 10
    private static let shared = Slots()

    private var free = Slots.count
    private var waiting: [(wanted: Int, continuation: CheckedContinuation<Void, Never>)] = []

    /// Runs `body` as soon as `wanted` slots are free, first come, first served.
    ///
    /// Not to be nested: whoever has a slot and waits for another stands behind one who waits for all.
    static func use(_ wanted: Int = 1, _ body: () async throws -> Void) async throws {
        await shared.take(wanted)
        do {
            try await body()
        } catch {
            await shared.giveBack(wanted)
            throw error
        }
        await shared.giveBack(wanted)
    }

    private func take(_ wanted: Int) async {
        if waiting.isEmpty, free >= wanted {
            free -= wanted
        } else {
            await withCheckedContinuation { waiting.append((wanted, $0)) }
        }
    }

    private func giveBack(_ count: Int) {
        free += count
        while let first = waiting.first, free >= first.wanted {
            free -= first.wanted
            waiting.removeFirst()
            first.continuation.resume()
        }
    }
}
