/// The parts of an image's name: `registry:5000/team/app:1.2@sha256:...`.
struct ImageReference: Equatable {
    /// Without tag and digest.
    let name: String
    let tag: String?
    /// `name@sha256:...`, nil without a digest.
    let repoDigest: String?

    init(_ text: String) {
        // What the runtime reports may carry a scheme.
        var rest = text[...]
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        var digest: Substring?
        if let at = rest.firstIndex(of: "@") {
            digest = rest[rest.index(after: at)...]
            rest = rest[..<at]
        }
        // A colon behind the last slash is the tag's; one before it the port's.
        let lastPart = rest.lastIndex(of: "/").map { rest.index(after: $0) } ?? rest.startIndex
        if let colon = rest[lastPart...].firstIndex(of: ":") {
            tag = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        } else {
            tag = nil
        }
        name = String(rest)
        repoDigest = digest.map { "\(rest)@\($0)" }
    }
}
