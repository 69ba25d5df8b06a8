#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// How many files and sockets the process may have open.
public enum FileDescriptorLimit {
    /// The limit, which is raised to what the system allows when it is first asked for. (systemd and shells start
    /// programs with 1,024, for those that use `select`; nothing here does.)
    public static let value: Int = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = raised.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }()

    /// How many connections one server may have: a share of the limit, and never more than 4,096.
    public static func connections(share: Int) -> Int { max(16, min(4096, value / share)) }
}
