import Testing

@testable import Replay

@Suite("Which faults strike")
struct FaultPlanTests {
    @Test("one strikes where and as often as it was planned")
    func placesAndTimes() {
        var plan = FaultPlan()
        plan.add(APIFault(.html, at: .page(2), of: .pods, times: 2))
        #expect(plan.take(at: .page(1), of: .pods).isEmpty)
        #expect(plan.take(at: .page(2), of: .events).isEmpty)
        #expect(plan.take(at: .page(2), of: .pods) == [.html])
        #expect(plan.faults.map(\.times) == [1])
        #expect(plan.take(at: .page(2), of: .pods) == [.html])
        #expect(plan.take(at: .page(2), of: .pods).isEmpty)
        #expect(plan.faults.isEmpty)
        plan.add(APIFault(.drop, at: .get, times: nil))
        for _ in 0..<10 { #expect(plan.take(at: .get, of: nil) == [.drop]) }
        plan.removeAll()
        #expect(plan.take(at: .get, of: nil).isEmpty)
    }

    @Test("wider places cover narrower ones; what happens within a watch is only itself")
    func covering() {
        let starts: [APIFault.Place] = [.page(1), .page(3), .get, .discovery, .watch, .streamingList]
        let within: [APIFault.Place] = [.event(0), .initialEvent(0), .initialEventsEnd]
        #expect(starts.allSatisfy { APIFault.Place.anything.covers($0) })
        #expect(!within.contains { APIFault.Place.anything.covers($0) })
        #expect(starts.filter { APIFault.Place.list.covers($0) } == [.page(1), .page(3)])
        #expect(starts.filter { APIFault.Place.watch.covers($0) } == [.watch, .streamingList])
        #expect(starts.filter { APIFault.Place.streamingList.covers($0) } == [.streamingList])
        #expect(APIFault.Place.event(1).covers(.event(1)))
        #expect(!APIFault.Place.event(1).covers(.event(2)))
    }

    @Test("additions come together, with at most one effect that replaces the answer; the next one waits")
    func together() {
        var plan = FaultPlan()
        plan.add(APIFault(.pad(10), at: .watch, times: nil))
        plan.add(APIFault(.status(.forbidden), at: .watch))
        plan.add(APIFault(.drop, at: .watch))
        plan.add(APIFault(.pieces(1), at: .watch))
        #expect(plan.take(at: .watch, of: .pods) == [.pad(10), .status(.forbidden)])
        #expect(plan.take(at: .watch, of: .pods) == [.pad(10), .drop])
        #expect(plan.take(at: .watch, of: .pods) == [.pad(10), .pieces(1)])
        #expect(plan.take(at: .watch, of: .pods) == [.pad(10)])
    }
}
