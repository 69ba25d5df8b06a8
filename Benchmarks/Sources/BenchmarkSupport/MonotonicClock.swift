import Glibc

/// Nanoseconds of `CLOCK_MONOTONIC`, which all processes of a machine share.
public enum MonotonicClock {
    public static var nanoseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
