/// The object events of recordings that are played together, each from its own start on.
struct ReplayTimeline: Sendable {
    private let events: [Recording.ObjectEvent]
    private var position = 0

    init(_ recordings: [Recording]) {
        // Stable, so that the order within a recording stays.
        events = recordings.flatMap(\.objectEvents).enumerated()
            .sorted { ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset) }
            .map(\.element)
    }

    /// When the next event is due; nil when all have been taken.
    var nextOffset: Duration? { position < events.count ? events[position].offset : nil }

    /// The events that are due at `offset`, inclusively, and have not been taken yet.
    mutating func take(through offset: Duration) -> ArraySlice<Recording.ObjectEvent> {
        let first = position
        while let next = nextOffset, next <= offset { position += 1 }
        return events[first..<position]
    }

    mutating func takeNext() -> Recording.ObjectEvent? {
        guard position < events.count else { return nil }
        defer { position += 1 }
        return events[position]
    }
}
