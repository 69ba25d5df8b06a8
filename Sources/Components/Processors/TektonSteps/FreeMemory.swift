import CMalloc

/// Gives memory back to the system that a list of all objects, or a burst of spans, has needed.
///
/// malloc keeps what is free, unless it lies at the end of its heap; and there it hardly ever lies.
struct FreeMemory {
    /// Less is needed again soon.
    static let worthwhile = 4 << 20
    /// How often it is looked at.
    static let interval: Duration = .seconds(5)

    private let resident: () -> Int?
    private let trim: () -> Void
    private var lookedAt: Duration = .zero
    /// The least that was resident since memory was last given back.
    private var least = 0

    init(
        resident: @escaping () -> Int? = { SystemMemory().used() },
        trim: @escaping () -> Void = { malloc_trim(0) }
    ) {
        self.resident = resident
        self.trim = trim
    }

    /// To be called often.
    ///
    /// - Parameter now: time since any fixed origin.
    mutating func tick(now: Duration) {
        guard now - lookedAt >= Self.interval, let before = resident() else { return }
        lookedAt = now
        least = min(least, before)
        guard before - least >= Self.worthwhile else { return }
        trim()
        least = resident() ?? before
    }
}
