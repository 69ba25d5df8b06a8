/// The labels and annotations that are worth their memory.
public struct KeptMetadata: Sendable {
    let labels: JSONKeyNames
    let annotations: JSONKeyNames

    public init(labels: [String] = [], annotations: [String] = []) {
        self.labels = JSONKeyNames(labels)
        self.annotations = JSONKeyNames(annotations)
    }
}
