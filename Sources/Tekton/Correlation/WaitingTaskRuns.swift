import HeapModule

/// TaskRuns that may change by waiting alone, each with the moment before which it does not.
///
/// What is looked at when time passes is what is due, however many wait.
struct WaitingTaskRuns: Sendable {
    private struct Item: Sendable, Comparable {
        let moment: Duration
        let uid: String

        static func < (a: Item, b: Item) -> Bool { a.moment < b.moment }
    }

    private var moments: [String: Duration] = [:]
    /// The next on top; also has what is waited for no more, or till another moment.
    private var order = Heap<Item>()

    var isEmpty: Bool { moments.isEmpty }
    var count: Int { moments.count }
    /// With what is out of date.
    var orderedCount: Int { order.count }

    func contains(_ uid: String) -> Bool { moments[uid] != nil }

    /// Nil for one that does not wait.
    subscript(uid: String) -> Duration? {
        get { moments[uid] }
        set {
            guard moments[uid] != newValue else { return }
            moments[uid] = newValue
            guard let newValue else { return }
            order.insert(Item(moment: newValue, uid: uid))
            // As many out of date as are not, at the most: a TaskRun that goes on changing waits anew each time.
            if order.count > 2 * moments.count + 64 {
                order = Heap(moments.map { Item(moment: $0.value, uid: $0.key) })
            }
        }
    }

    /// The one whose moment came first, if it has come. It goes on waiting until it is told otherwise.
    mutating func next(now: Duration) -> String? {
        while let first = order.min, first.moment <= now {
            if moments[first.uid] == first.moment { return first.uid }
            order.removeMin()
        }
        return nil
    }

    /// Something else than time has changed for all of them: each is looked at.
    mutating func endWaiting() {
        for uid in moments.keys { moments[uid] = .zero }
        order = Heap(moments.keys.map { Item(moment: .zero, uid: $0) })
    }

    /// Gives memory back after most have gone.
    mutating func shrink() {
        moments.shrink()
        if order.isEmpty { order = Heap() }
    }
}
