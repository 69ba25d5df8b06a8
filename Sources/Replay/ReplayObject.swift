internal import FoundationEssentials

/// A recorded Kubernetes object: its JSON as sent, and what selectors look at.
public struct ReplayObject: Sendable, Equatable {
    public struct Key: Sendable, Hashable, Comparable {
        public let resource: RecordedResource
        public let namespace: String
        public let name: String

        public static func < (left: Key, right: Key) -> Bool {
            (left.resource, left.namespace, left.name) < (right.resource, right.namespace, right.name)
        }
    }

    public let key: Key
    public let uid: String
    public let labels: [String: String]
    /// The object's JSON, as the API server sent it.
    public let json: [UInt8]
    /// What a field selector can name, with its value.
    let fields: [String: String]

    /// - Throws: when the JSON is no object with metadata.
    init(_ resource: RecordedResource, json: [UInt8]) throws(RecordingError) {
        let slim: Slim
        do {
            slim = try JSONDecoder().decode(Slim.self, from: Data(json))
        } catch {
            throw RecordingError(location: resource.rawValue, reason: "not a Kubernetes object: \(error)")
        }
        key = Key(resource: resource, namespace: slim.metadata.namespace ?? "", name: slim.metadata.name)
        uid = slim.metadata.uid ?? ""
        labels = slim.metadata.labels ?? [:]
        self.json = json
        fields = [
            "metadata.name": key.name,
            "metadata.namespace": key.namespace,
            "involvedObject.kind": slim.involvedObject?.kind,
            "involvedObject.name": slim.involvedObject?.name,
            "involvedObject.namespace": slim.involvedObject?.namespace,
            "involvedObject.uid": slim.involvedObject?.uid,
            "reason": slim.reason,
            "type": slim.type,
        ].compactMapValues { $0 }
    }

    /// The JSON with another `metadata.resourceVersion`: that of the replaying server, as recordings are played together.
    func json(resourceVersion: String) -> [UInt8] {
        // The first occurrence is that of the metadata: an Event's involvedObject comes later, and inside of a string
        // the quotes would be escaped.
        let name = Array("\"resourceVersion\":\"".utf8)
        guard let found = json.firstRange(of: name) else { return json }
        let rest = json[found.upperBound...]
        guard let quote = rest.firstIndex(of: UInt8(ascii: "\"")) else { return json }
        return json[..<found.upperBound] + Array(resourceVersion.utf8) + json[quote...]
    }

    private struct Slim: Decodable {
        struct Metadata: Decodable {
            let name: String
            let namespace: String?
            let uid: String?
            let labels: [String: String]?
        }

        struct Reference: Decodable {
            let kind: String?
            let name: String?
            let namespace: String?
            let uid: String?
        }

        let metadata: Metadata
        let involvedObject: Reference?
        let reason: String?
        let type: String?
    }
}
