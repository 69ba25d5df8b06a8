public import Kubernetes

/// A point in time, on both clocks: ages of objects are told by the wall clock, waiting is measured on one that never
/// jumps.
public struct Moment: Sendable, Equatable {
    public let wall: KubernetesTime
    /// Since some fixed point, such as the start of the program.
    public let uptime: Duration

    public init(wall: KubernetesTime, uptime: Duration) {
        self.wall = wall
        self.uptime = uptime
    }
}

extension Duration {
    /// Rounded towards zero; a duration that does not fit is the largest.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
    }
}
