/// A GET request to the API server, read from path and query (Kubernetes API concepts, "Resource URIs").
enum APIRequest: Sendable, Equatable {
    case list(ObjectQuery, ListOptions)
    case get(ObjectQuery)
    case watch(ObjectQuery, WatchOptions)
    /// The API group tekton.dev with its versions.
    case tektonGroup
    /// The resources of one version of tekton.dev.
    case tektonResources(TektonVersion)
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
        case ["api", "v1"]: self = .coreResources
        default:
            if segments.count == 3, let version = TektonVersion(path: segments) {
                self = .tektonResources(version)
            } else if let objects = ObjectQuery(path: segments) {
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
        if Self.isTrue(parameters["watch"]) {
            self = .watch(objects, WatchOptions(parameters))
        } else if objects.name != nil {
            self = .get(objects)
        } else {
            self = .list(objects, ListOptions(parameters))
        }
    }

    var query: ObjectQuery? {
        switch self {
        case .list(let query, _), .get(let query), .watch(let query, _): query
        default: nil
        }
    }

    /// The version of tekton.dev that is asked for, if any.
    var tektonVersion: TektonVersion? {
        switch self {
        case .tektonResources(let version): version
        default: query.flatMap { $0.resource.isTekton ? $0.tektonVersion : nil }
        }
    }

    fileprivate static func isTrue(_ value: String?) -> Bool { ["1", "true"].contains(value) }

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

/// The parameters of a list (Kubernetes API concepts, "Semantics for get and list").
struct ListOptions: Sendable, Equatable {
    /// Empty for the latest state, `0` for any, else at least as new as that.
    var resourceVersion = ""
    /// `Exact` or `NotOlderThan`; empty where it is not said.
    var match = ""
    /// 0 for all.
    var limit = 0
    /// Empty for the first page.
    var continueToken = ""

    /// Which page is asked for, counted from 1.
    var page: Int { ContinueToken(continueToken)?.page ?? 1 }
}

extension ListOptions {
    fileprivate init(_ parameters: [String: String]) {
        resourceVersion = parameters["resourceVersion"] ?? ""
        match = parameters["resourceVersionMatch"] ?? ""
        limit = max(0, parameters["limit"].flatMap { Int($0) } ?? 0)
        continueToken = parameters["continue"] ?? ""
    }
}

/// The parameters of a watch (Kubernetes API concepts, "Semantics for watch").
struct WatchOptions: Sendable, Equatable {
    /// Empty or `0`: begin with the objects that are there.
    var resourceVersion = ""
    /// Empty where it is not said.
    var match = ""
    /// Nil where it is not said.
    var sendsInitialEvents: Bool?
    var bookmarks = false
    /// Nil for no end.
    var timeoutSeconds: Int?
}

extension WatchOptions {
    fileprivate init(_ parameters: [String: String]) {
        resourceVersion = parameters["resourceVersion"] ?? ""
        match = parameters["resourceVersionMatch"] ?? ""
        sendsInitialEvents = parameters["sendInitialEvents"].map { APIRequest.isTrue($0) }
        bookmarks = APIRequest.isTrue(parameters["allowWatchBookmarks"])
        timeoutSeconds = parameters["timeoutSeconds"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    }
}

extension ObjectQuery {
    /// Reads `api/v1/pods`, `apis/tekton.dev/v1/namespaces/NAMESPACE/taskruns/NAME` and the like.
    fileprivate init?(path segments: [String]) {
        var rest = segments[...]
        let version = TektonVersion(path: segments)
        let isTekton = version != nil
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
        self.init(
            resource: resource,
            tektonVersion: version ?? .v1,
            namespace: namespace,
            name: rest.dropFirst().first
        )
    }
}

extension TektonVersion {
    /// Of a path that begins with `apis/tekton.dev/VERSION`.
    fileprivate init?(path segments: [String]) {
        guard segments.count >= 3, segments.starts(with: ["apis", "tekton.dev"]) else { return nil }
        self.init(rawValue: segments[2])
    }
}
