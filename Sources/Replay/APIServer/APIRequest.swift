/// A GET request to the API server, read from path and query (Kubernetes API concepts, "Resource URIs").
enum APIRequest: Sendable, Equatable {
    /// `limit` 0 for all, `continueToken` empty for the first page.
    case list(ObjectQuery, limit: Int, continueToken: String)
    case get(ObjectQuery)
    /// `resourceVersion` empty or `0`: begin with the objects that are there.
    case watch(ObjectQuery, resourceVersion: String, bookmarks: Bool)
    /// The API group tekton.dev with its versions.
    case tektonGroup
    /// The resources of tekton.dev/v1.
    case tektonResources
    /// The resources of the core group that are served.
    case coreResources
    case version
    case health
    /// The request cannot be answered.
    case invalid(APIStatus)

    init(path: String, query: String) {
        let segments = path.split(separator: "/").map { PercentEncoding.decoded($0) }
        switch segments {
        case ["version"]: self = .version
        case ["healthz"], ["livez"], ["readyz"]: self = .health
        case ["apis", "tekton.dev"]: self = .tektonGroup
        case ["apis", "tekton.dev", "v1"]: self = .tektonResources
        case ["api", "v1"]: self = .coreResources
        default:
            if let objects = ObjectQuery(path: segments) {
                self.init(objects, parameters: Self.parameters(query))
            } else {
                self = .invalid(.unknownResource)
            }
        }
    }

    private init(_ objects: ObjectQuery, parameters: [String: String]) {
        var objects = objects
        guard let labels = Selector(parameters["labelSelector"] ?? "") else {
            self = .invalid(.badRequest("unable to parse requirement: \(parameters["labelSelector"] ?? "")"))
            return
        }
        guard let fields = Selector(parameters["fieldSelector"] ?? "") else {
            self = .invalid(.badRequest("unable to parse requirement: \(parameters["fieldSelector"] ?? "")"))
            return
        }
        objects.labels = labels
        objects.fields = fields
        if ["1", "true"].contains(parameters["watch"]) {
            guard parameters["sendInitialEvents"] == nil else {
                self = .invalid(.watchListDisabled(objects.resource))
                return
            }
            self = .watch(
                objects,
                resourceVersion: parameters["resourceVersion"] ?? "",
                bookmarks: ["1", "true"].contains(parameters["allowWatchBookmarks"])
            )
        } else if objects.name != nil {
            self = .get(objects)
        } else {
            let limit = parameters["limit"].flatMap { Int($0) } ?? 0
            self = .list(objects, limit: max(0, limit), continueToken: parameters["continue"] ?? "")
        }
    }

    var query: ObjectQuery? {
        switch self {
        case .list(let query, _, _), .get(let query), .watch(let query, _, _): query
        default: nil
        }
    }

    private static func parameters(_ query: String) -> [String: String] {
        var parameters: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            parameters[PercentEncoding.decoded(parts[0])] =
                parts.count == 2 ? PercentEncoding.decoded(parts[1].map { $0 == "+" ? " " : $0 }) : ""
        }
        return parameters
    }
}

extension ObjectQuery {
    /// Reads `api/v1/pods`, `apis/tekton.dev/v1/namespaces/NAMESPACE/taskruns/NAME` and the like.
    fileprivate init?(path segments: [String]) {
        var rest = segments[...]
        let isTekton = rest.starts(with: ["apis", "tekton.dev", "v1"])
        guard isTekton || rest.starts(with: ["api", "v1"]) else { return nil }
        rest = rest.dropFirst(isTekton ? 3 : 2)
        var namespace: String?
        if rest.first == "namespaces", rest.count > 2 {
            namespace = rest.dropFirst().first
            rest = rest.dropFirst(2)
        }
        guard let resource = rest.first.flatMap(RecordedResource.init(rawValue:)), resource.isTekton == isTekton,
            rest.count == 1 || rest.count == 2 && namespace != nil
        else { return nil }
        self.init(resource: resource, namespace: namespace, name: rest.dropFirst().first)
    }
}

/// Percent-encoding (RFC 3986, section 2.1).
enum PercentEncoding {
    /// A `%` that two hex digits do not follow stays as it is.
    static func decoded(_ text: some Sequence<Character>) -> String {
        let bytes = Array(String(text).utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                result.append(byte)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
