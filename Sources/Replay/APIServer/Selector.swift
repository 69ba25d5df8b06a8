/// A label or field selector: requirements that must all hold.
///
/// Known are `key`, `!key`, `key=value`, `key==value` and `key!=value`; set-based requirements are not.
struct Selector: Sendable, Equatable {
    enum Requirement: Sendable, Equatable {
        case exists(String)
        case absent(String)
        case equal(String, String)
        case notEqual(String, String)
    }

    let requirements: [Requirement]

    static let everything = Selector(requirements: [])

    private init(requirements: [Requirement]) {
        self.requirements = requirements
    }

    /// Nil for a selector of unknown form.
    init?(_ text: String) {
        var requirements: [Requirement] = []
        for part in text.split(separator: ",") {
            let parts = part.split(separator: "=", omittingEmptySubsequences: false)
            guard !part.contains(where: { " ()".contains($0) }), parts.count <= 3 else { return nil }
            guard parts.count > 1, let value = parts.last.map(String.init) else {
                requirements.append(part.hasPrefix("!") ? .absent(String(part.dropFirst())) : .exists(String(part)))
                continue
            }
            guard parts.count == 2 || parts[1].isEmpty else { return nil }
            if parts[0].hasSuffix("!") {
                requirements.append(.notEqual(String(parts[0].dropLast()), value))
            } else {
                requirements.append(.equal(String(parts[0]), value))
            }
        }
        self.requirements = requirements
    }

    func matches(_ values: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .exists(let key): values[key] != nil
            case .absent(let key): values[key] == nil
            case .equal(let key, let value): values[key] == value
            case .notEqual(let key, let value): values[key] != value
            }
        }
    }
}

/// Which objects a request is about.
struct ObjectQuery: Sendable, Equatable {
    let resource: RecordedResource
    /// In which version objects of Tekton are told.
    var tektonVersion = TektonVersion.v1
    /// Nil for all namespaces.
    var namespace: String?
    /// A single object.
    var name: String?
    var labels = Selector.everything
    var fields = Selector.everything

    /// True when nothing is left out but by namespace.
    var selectsAll: Bool { labels.requirements.isEmpty && fields.requirements.isEmpty }

    var apiVersion: String { resource.isTekton ? tektonVersion.groupVersion : resource.apiVersion }

    /// An object as it is told.
    func json(_ object: ReplayObject, revision: UInt64) -> [UInt8] {
        let json = object.json(resourceVersion: String(revision))
        return resource.isTekton ? tektonVersion.json(json) : json
    }

    func matches(_ object: ReplayObject) -> Bool {
        object.key.resource == resource && (namespace.map { $0 == object.key.namespace } ?? true)
            && (name.map { $0 == object.key.name } ?? true)
            && labels.matches(object.labels) && fields.matches(object.fields)
    }
}
