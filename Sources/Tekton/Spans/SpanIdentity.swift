import Crypto
public import OTLP

/// The id of a span that steptrace adds, from facts that a step can know too (downward API), so that a step can make its
/// own spans children of it.
public enum SpanIdentity {
    /// The first eight bytes of SHA-256 over `steptrace:<uid>:<pod name>:<kind>:<name>`; the next eight should those be
    /// zero.
    ///
    /// - Parameters:
    ///   - podName: empty for an attempt that never had a pod.
    ///   - name: the container's for pulls and init containers, the step's for steps and their phases, else empty.
    public static func spanID(taskRunUID: String, podName: String, kind: TektonSpan.Kind, name: String) -> SpanID {
        let digest = SHA256.hash(data: Array("steptrace:\(taskRunUID):\(podName):\(kind.rawValue):\(name)".utf8))
        var halves: [UInt64] = [0, 0]
        for (index, byte) in digest.prefix(16).enumerated() {
            halves[index / 8] = halves[index / 8] << 8 | UInt64(byte)
        }
        return SpanID(halves[0] != 0 ? halves[0] : halves[1])
    }
}
