import Kubernetes

/// A kind of objects for tests.
struct Build: KubernetesResource, Equatable {
    static let resource = APIResource(group: "test.dev", versions: ["v1", "v1beta1"], plural: "builds")
    static let keptMetadata = KeptMetadata(labels: ["team"])

    struct Spec: Equatable {
        var steps: Int
    }

    let metadata: ObjectMeta
    let spec: Spec

    init(metadata: ObjectMeta, spec: Spec) {
        self.metadata = metadata
        self.spec = spec
    }

    private enum Key: String, JSONKey {
        case metadata, spec
        static let table = JSONKeyTable<Self>()
    }

    private enum SpecKey: String, JSONKey {
        case steps
        static let table = JSONKeyTable<Self>()
    }

    init(reading reader: inout JSONReader) throws(JSONReadError) {
        var metadata: ObjectMeta?
        var steps: Int?
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .metadata: metadata = try ObjectMeta(reading: &reader, keeping: Self.keptMetadata)
            case .spec:
                var spec = try reader.fields(SpecKey.self)
                while try spec.next(in: &reader) != nil { steps = try reader.integerIfPresent() }
            }
        }
        guard let metadata else { throw fields.missing(.metadata) }
        guard let steps else { throw fields.missing(.spec) }
        self.init(metadata: metadata, spec: Spec(steps: steps))
    }

    static func json(_ name: String, uid: String = "u", version: String, steps: Int = 1, padding: String = "") -> String
    {
        """
        {"apiVersion":"test.dev/v1","kind":"Build","metadata":{"name":"\(name)","namespace":"ci","uid":"\(uid)",\
        "resourceVersion":"\(version)","labels":{"team":"a","other":"b"},"annotations":{"note":"\(padding)"},\
        "managedFields":[{"manager":"m"}]},"spec":{"steps":\(steps)}}
        """
    }
}
