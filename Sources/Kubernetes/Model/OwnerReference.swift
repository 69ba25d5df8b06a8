/// Who an object belongs to.
public struct OwnerReference: Sendable, Hashable, Decodable {
    public let kind: String
    public let name: String
    public let uid: String
    /// Whether the owner is the controller that manages the object.
    public let controller: Bool

    public init(kind: String, name: String, uid: String, controller: Bool = false) {
        self.kind = kind
        self.name = name
        self.uid = uid
        self.controller = controller
    }

    private enum CodingKeys: String, CodingKey {
        case kind
        case name
        case uid
        case controller
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kind = try container.decode(String.self, forKey: .kind)
        name = try container.decode(String.self, forKey: .name)
        uid = try container.decode(String.self, forKey: .uid)
        controller = try container.decodeIfPresent(Bool.self, forKey: .controller) ?? false
    }
}
