/// The faults that are still to come.
struct FaultPlan: Sendable, Equatable {
    private(set) var faults: [APIFault] = []

    mutating func add(_ fault: APIFault) {
        if fault.times != 0 { faults.append(fault) }
    }

    mutating func removeAll() { faults.removeAll() }

    /// What happens at this place, in the order in which it was planned: additions, and at the end at most one effect that
    /// takes the place of what is right. The rest has to wait for the next time.
    mutating func take(at place: APIFault.Place, of resource: RecordedResource?) -> [APIFault.Effect] {
        var effects: [APIFault.Effect] = []
        for (index, fault) in faults.enumerated() {
            guard fault.place.covers(place), (fault.resource ?? resource) == resource else { continue }
            effects.append(fault.effect)
            if let times = fault.times { faults[index].times = times - 1 }
            if !fault.effect.isAddition { break }
        }
        faults.removeAll { $0.times == 0 }
        return effects
    }
}
