import CMalloc

/// Gives memory back to the system that a list of all objects, or a burst of spans, has needed.
///
/// malloc keeps what is free, unless it lies at the end of its heap; and there it hardly ever lies.
struct FreeMemory {
    /// Less is needed again soon.
    static let worthwhile = 4 << 20
    /// How often it is looked at.
    static let interval: Duration = .seconds(5)

    private let unused: () -> Int?
    private let trim: () -> Void
    private var lookedAt: Duration = .zero
    /// The least that was unused since memory was last given back: what cannot be, and what malloc does not know of.
    private var least = 0

    /// - Parameter unused: bytes that are resident, and not handed out by malloc.
    init(unused: @escaping () -> Int? = Self.unused, trim: @escaping () -> Void = { malloc_trim(0) }) {
        self.unused = unused
        self.trim = trim
    }

    private static func unused() -> Int? {
        let info = steptrace_mallinfo2()
        return SystemMemory().used().map { max(0, $0 - Int(info.uordblks + info.hblkhd)) }
    }

    /// To be called often.
    ///
    /// - Parameter now: time since any fixed origin.
    mutating func tick(now: Duration) {
        guard now - lookedAt >= Self.interval, let before = unused() else { return }
        lookedAt = now
        least = min(least, before)
        guard before - least >= Self.worthwhile else { return }
        trim()
        least = unused() ?? before
    }
}
