import Glibc

/// Nanoseconds of CLOCK_MONOTONIC.
enum MonotonicClock {
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Duration {
    /// Not below 0, and not above some 290 years.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(min(seconds, 9_000_000_000)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }

    /// Rounded up, as libcurl takes 0 for "no limit".
    var positiveMilliseconds: Int { max(1, Int((nanoseconds + 999_999) / 1_000_000)) }
}
