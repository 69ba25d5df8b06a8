import Kubernetes

/// A kind of objects for tests.
struct Build: KubernetesResource, Equatable {
    static let resource = APIResource(group: "test.dev", versions: ["v1", "v1beta1"], plural: "builds")
    static let keptMetadata = KeptMetadata(labels: ["team"])

    struct Spec: Decodable, Equatable {
        var steps: Int
    }

    let metadata: ObjectMeta
    let spec: Spec

    static func json(_ name: String, uid: String = "u", version: String, steps: Int = 1, padding: String = "") -> String
    {
        """
        {"apiVersion":"test.dev/v1","kind":"Build","metadata":{"name":"\(name)","namespace":"ci","uid":"\(uid)",\
        "resourceVersion":"\(version)","labels":{"team":"a","other":"b"},"annotations":{"note":"\(padding)"},\
        "managedFields":[{"manager":"m"}]},"spec":{"steps":\(steps)}}
        """
    }
}
