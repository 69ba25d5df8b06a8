import NIOCore
import Testing

@testable import HTTPServer

@Suite("Connection table")
struct ConnectionTableTests {
    /// `#expect` takes no call that changes a variable.
    private final class Table {
        private var table: ConnectionTable<Int>

        init(limit: Int) { table = ConnectionTable(limit: limit) }

        var count: Int { table.count }
        func hasRoom() -> Bool { table.hasRoom() }
        func admit(_ id: Int, _ activity: ConnectionActivity) -> ConnectionTable<Int>.Admission {
            table.admit(id, activity)
        }
        func remove(_ id: Int) { table.remove(id) }
        subscript(id: Int) -> ConnectionActivity? { table[id] }
    }

    private func time(_ seconds: UInt64) -> NIODeadline { .uptimeNanoseconds(seconds * 1_000_000_000) }

    /// A full table of connections 0 to 2, opened at 1, 2 and 3.
    private func full() -> (table: Table, activities: [ConnectionActivity]) {
        let table = Table(limit: 3)
        let activities = (0..<3).map { ConnectionActivity(now: time(UInt64($0) + 1)) }
        for (id, activity) in activities.enumerated() { #expect(table.admit(id, activity) == .admitted) }
        return (table, activities)
    }

    @Test("the one goes that has been idle the longest")
    func idle() {
        let (table, activities) = full()
        activities[0].waits(since: time(10))
        #expect(table.admit(3, ConnectionActivity(now: time(11))) == .inPlaceOf(1))
        #expect(table.admit(4, ConnectionActivity(now: time(12))) == .inPlaceOf(2))
        #expect(table.admit(5, ConnectionActivity(now: time(13))) == .inPlaceOf(0))
        #expect(table.admit(6, ConnectionActivity(now: time(14))) == .inPlaceOf(3))
        #expect(table.count == 3)
    }

    @Test("one that sends goes only when none is idle, one that is being served never")
    func order() {
        let (table, activities) = full()
        activities[0].sends(since: time(4))
        activities[1].isServed()
        #expect(table.admit(3, ConnectionActivity(now: time(20))) == .inPlaceOf(2))
        #expect(table.admit(4, ConnectionActivity(now: time(21))) == .inPlaceOf(3))
        table[4]?.isServed()
        #expect(table.hasRoom())
        #expect(table.admit(5, ConnectionActivity(now: time(22))) == .inPlaceOf(0))
        table[5]?.isServed()
        #expect(!table.hasRoom())
        #expect(table.admit(6, ConnectionActivity(now: time(23))) == .refused)
        activities[1].waits(since: time(24))
        #expect(table.hasRoom())
        #expect(table.admit(7, ConnectionActivity(now: time(25))) == .inPlaceOf(1))
    }

    @Test("one that closes makes room, and is never told to go afterwards")
    func removal() {
        let (table, _) = full()
        #expect(table.hasRoom())
        table.remove(0)
        #expect(table.admit(3, ConnectionActivity(now: time(20))) == .admitted)
        #expect(table.admit(4, ConnectionActivity(now: time(21))) == .inPlaceOf(1))
        table.remove(2)
        #expect(table.admit(5, ConnectionActivity(now: time(22))) == .admitted)
        #expect(table.admit(6, ConnectionActivity(now: time(23))) == .inPlaceOf(3))
    }

    @Test("whatever happens, the limit holds and the one that goes is the first in the order")
    func random() {
        let seed = UInt64.random(in: 1...UInt64.max)
        var state = seed
        func next(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let table = Table(limit: 100)
        var open: [Int: ConnectionActivity] = [:]
        for step in 1...20_000 {
            let now = time(UInt64(step))
            if let (id, activity) = open.isEmpty
                ? nil : Optional(open[open.index(open.startIndex, offsetBy: next(open.count))])
            {
                switch next(8) {
                case 0: activity.waits(since: now)
                case 1: activity.sends(since: now)
                case 2: activity.isServed()
                case 3:
                    table.remove(id)
                    open[id] = nil
                default: break
                }
            }
            guard next(2) == 0 else { continue }
            let activity = ConnectionActivity(now: now)
            let first = open.filter { $0.value.rank != ConnectionActivity.served }.min { $0.value.rank < $1.value.rank }
            switch table.admit(step, activity) {
            case .admitted:
                #expect(open.count < 100, "seed \(seed)")
            case .inPlaceOf(let id):
                #expect(open.count == 100 && open[id]?.rank == first?.value.rank, "seed \(seed)")
                open[id] = nil
            case .refused:
                #expect(open.count == 100 && first == nil, "seed \(seed)")
                continue
            }
            open[step] = activity
            #expect(table.count == open.count, "seed \(seed)")
        }
    }
}
