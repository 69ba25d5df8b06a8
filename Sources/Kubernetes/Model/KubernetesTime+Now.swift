internal import FoundationEssentials

extension KubernetesTime {
    /// By the clock of this machine.
    public static var now: KubernetesTime {
        KubernetesTime(unixNanoseconds: Int64(Date().timeIntervalSince1970 * 1_000_000_000))
    }
}
