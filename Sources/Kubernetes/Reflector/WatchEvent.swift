/// A line of a watch.
enum WatchEvent<Resource: KubernetesResource>: Decodable {
    case change(ReflectorStateMachine.Change, LenientObject<Resource>)
    case bookmark(Bookmark)
    case error(KubernetesStatus)
    /// Of a later API version, perhaps.
    case unknown(type: String)

    private enum CodingKeys: String, CodingKey {
        case type
        case object
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let type = try container.decode(String.self, forKey: .type)
        if let change = ReflectorStateMachine.Change(rawValue: type) {
            self = .change(change, try container.decode(LenientObject<Resource>.self, forKey: .object))
        } else if type == "BOOKMARK" {
            self = .bookmark(try container.decode(Bookmark.self, forKey: .object))
        } else if type == "ERROR" {
            self = .error(try container.decode(KubernetesStatus.self, forKey: .object))
        } else {
            self = .unknown(type: type)
        }
    }
}
