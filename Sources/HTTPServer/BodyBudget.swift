internal import Synchronization

/// A bound on the bytes of request bodies that all connections have in memory together: while they come, while they are
/// decompressed, and until their request is answered.
///
/// How much a request may have depends on what is left for the others: twice of that. So one alone may have two thirds of
/// all, a hundred slow ones get less than a hundredth each, and there is always something left for one more that is small.
/// (Switches share their buffers in this way: Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory
/// packet switches", 1998.)
public final class BodyBudget: Sendable {
    private let maximum: Atomic<Int>
    private let total = Atomic(0)

    /// - Parameter limit: bytes.
    public init(limit: Int) { maximum = Atomic(limit) }

    /// The most that all bodies may have together, in bytes.
    public var limit: Int { maximum.load(ordering: .relaxed) }

    /// What all bodies have now.
    public var held: Int { total.load(ordering: .relaxed) }

    /// Makes the limit so large that one request alone may have so many bytes.
    public func admit(_ bytes: Int) {
        maximum.max(bytes + (bytes + 1) / 2, ordering: .relaxed)
    }

    /// How many bytes a request that has `own` of them already may have in all.
    public func room(own: Int) -> Int { max(0, (limit - held + own) / 3 * 2) }

    /// Takes bytes for a request that has `own` of them already. False: that would be too many, and none are taken.
    public func take(_ bytes: Int, own: Int) -> Bool {
        let held = total.add(bytes, ordering: .relaxed).newValue
        if own + bytes <= 2 * (limit - held) { return true }
        total.subtract(bytes, ordering: .relaxed)
        return false
    }

    public func giveBack(_ bytes: Int) { total.subtract(bytes, ordering: .relaxed) }
}
