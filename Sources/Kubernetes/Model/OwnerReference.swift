/// Who an object belongs to.
public struct OwnerReference: Sendable, Hashable {
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

    private enum Key: String, JSONKey {
        case kind, name, uid, controller
        static let table = JSONKeyTable<Self>()
    }

    init(reading reader: inout JSONReader) throws(JSONReadError) {
        var kind: String?
        var name: String?
        var uid: String?
        var controller = false
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .kind: kind = try reader.sharedString()
            case .name: name = try reader.sharedString()
            case .uid: uid = try reader.sharedString()
            case .controller: controller = try reader.boolIfPresent() ?? false
            }
        }
        guard let kind else { throw fields.missing(.kind) }
        guard let name else { throw fields.missing(.name) }
        guard let uid else { throw fields.missing(.uid) }
        self.init(kind: kind, name: name, uid: uid, controller: controller)
    }
}
