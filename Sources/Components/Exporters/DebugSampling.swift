/// Which batches the `debug` exporter shows: the first of each second, and every so-manieth of the others.
struct DebugSampling: Sendable {
    private let initial: Int
    private let thereafter: Int
    private var begin: ContinuousClock.Instant?
    private var count = 0

    init(initial: Int, thereafter: Int) {
        self.initial = initial
        self.thereafter = thereafter
    }

    mutating func shows(_ now: ContinuousClock.Instant) -> Bool {
        if begin.map({ now - $0 >= .seconds(1) }) ?? true {
            begin = now
            count = 0
        }
        count += 1
        if count <= initial { return true }
        return thereafter > 0 && (count - initial) % thereafter == 0
    }
}
