public import FoundationEssentials

/// The labels and annotations that are worth their memory.
public struct KeptMetadata: Sendable {
    public let labels: [String]
    public let annotations: [String]

    public init(labels: [String] = [], annotations: [String] = []) {
        self.labels = labels
        self.annotations = annotations
    }

    static let userInfoKey = CodingUserInfoKey(rawValue: "steptrace.keptMetadata")
}

extension JSONDecoder {
    /// A decoder that leaves out the labels and annotations which are not in `kept`. A plain decoder keeps all.
    public convenience init(keeping kept: KeptMetadata) {
        self.init()
        if let key = KeptMetadata.userInfoKey {
            userInfo[key] = kept
        }
    }
}
