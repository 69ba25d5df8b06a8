internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1

/// What requests are answered with.
extension ReplayAPIServer.State {
    mutating func answer(_ request: APIRequest, isAuthorized: Bool) -> APIAnswer {
        let effects = faults.take(at: request.place, of: request.query?.resource)
        guard isAuthorized || effects.contains(where: { !$0.isAddition }) else {
            return .whole(.status(.unauthorized))
        }
        if let answer = effects.last.flatMap(Self.answerWithoutLooking) { return answer }
        if !serves(request) {
            return .whole(.text(.notFound, "404 page not found\n"))
        }
        switch request {
        case .list(let query, let options):
            do throws(APIStatus) {
                return finish(.json(bytes: try list(query, options, effects)), effects)
            } catch {
                return .whole(.status(error))
            }
        case .watch(let query, let options):
            return watch(query, options, effects)
        default:
            return finish(respond(request), effects)
        }
    }

    private func serves(_ request: APIRequest) -> Bool {
        if let version = request.tektonVersion { return servesTekton && traits.tektonVersions.contains(version) }
        return servesTekton || request != .tektonGroup
    }

    /// For an effect that does not need to know what the right answer would have been.
    private static func answerWithoutLooking(_ effect: APIFault.Effect) -> APIAnswer? {
        switch effect {
        case .status(let status): .whole(.status(status))
        case .answer(let contentType, let body):
            .whole(
                HTTPServerResponse(
                    status: .ok,
                    headers: ["Content-Type": contentType],
                    body: ByteBuffer(string: body)
                )
            )
        case .hang: .silence
        case .drop: .brokenOff([])
        case .dropAfterHead: .brokenOff(APIAnswer.head)
        default: nil
        }
    }

    /// Spoils an answer that would be right.
    private func finish(_ response: HTTPServerResponse, _ effects: [APIFault.Effect]) -> APIAnswer {
        var response = response
        let half = Array(response.body.readableBytesView.prefix(response.body.readableBytes / 2))
        let length = response.body.readableBytes
        let size = effects.pieceSize ?? max(1, length)
        switch effects.last {
        case .cutOff?:
            response.body = ByteBuffer(bytes: half)
            return .pieces(response, size: size, isCut: true)
        case .cutOffInChunk?: return .brokenOff(inChunk: half, promising: length)
        case .truncate?: response.body = ByteBuffer(bytes: half)
        case .end?: response.body = ByteBuffer()
        default: break
        }
        return effects.pieceSize == nil ? .whole(response) : .pieces(response, size: size, isCut: false)
    }

    private func respond(_ request: APIRequest) -> HTTPServerResponse {
        switch request {
        case .version: .json(APIDocuments.version)
        case .health: .text(.ok, "ok")
        case .tektonGroup: .json(APIDocuments.tektonGroup(traits.tektonVersions))
        case .tektonResources(let version):
            .json(APIDocuments.resources(version.groupVersion, [.pipelineRuns, .taskRuns]))
        case .coreResources: .json(APIDocuments.resources("v1", [.events, .pods]))
        case .invalid(let status): .status(status)
        case .get(let query):
            store.list(query).first.map {
                .json(bytes: query.json($0.object, revision: $0.revision))
            } ?? .status(.notFound(query))
        case .list, .watch: .status(.unknownResource)
        }
    }

    // MARK: - Lists

    private func list(
        _ query: ObjectQuery,
        _ options: ListOptions,
        _ effects: [APIFault.Effect]
    ) throws(APIStatus) -> [UInt8] {
        let (revision, token) = try listRevision(options)
        guard var items = store.list(query, at: revision)?[...] else {
            throw token == nil ? .expired : .continueExpired
        }
        if let token { items = items.drop { !token.isBefore($0.object.key) } }
        let told = items.prefix(isPaged(options) ? options.limit : items.count)
        let rest = items.count - told.count
        let next = told.last.map { ContinueToken(revision: revision, after: $0.object.key, page: options.page + 1) }
        return APIDocuments.list(
            query,
            told,
            revision: revision,
            continueToken: rest > 0 ? next?.text ?? "" : "",
            // Where a selector leaves objects out, nobody has counted the rest.
            remaining: rest > 0 && query.selectsAll ? rest : nil,
            padding: effects.padding,
            extra: effects.contains(.unreadableObject)
                ? [APIDocuments.unreadable(query, revision: revision)] : []
        )
    }

    /// Lists from the watch cache that may be old come in one piece (apiserver `pkg/storage/cacher`, `computeListLimit`).
    private func isPaged(_ options: ListOptions) -> Bool {
        options.limit > 0 && !(traits.hasWatchCache && options.resourceVersion == "0")
    }

    /// Which state is listed.
    private func listRevision(_ options: ListOptions) throws(APIStatus) -> (UInt64, ContinueToken?) {
        if let problem = options.problem { throw problem }
        if !options.continueToken.isEmpty {
            guard let token = ContinueToken(options.continueToken) else {
                throw .badRequest("continue key is not valid: \(options.continueToken)")
            }
            return (token.revision, token)
        }
        guard let asked = try revision(options.resourceVersion) else { return (store.revision, nil) }
        guard asked <= cacheRevision else { throw .resourceVersionTooLarge }
        // A limit makes it exactly that version, for the sake of old clients.
        let isExact = options.match == "Exact" || options.match.isEmpty && options.limit > 0 && asked > 0
        return (isExact ? asked : cacheRevision, nil)
    }

    /// Nil when none is named.
    func revision(_ resourceVersion: String) throws(APIStatus) -> UInt64? {
        guard !resourceVersion.isEmpty else { return nil }
        guard let revision = UInt64(resourceVersion) else {
            throw .badRequest("invalid resource version \"\(resourceVersion)\"")
        }
        return revision
    }
}

extension ListOptions {
    /// Why the parameters do not go together; nil when they do.
    fileprivate var problem: APIStatus? {
        if !continueToken.isEmpty, !resourceVersion.isEmpty, resourceVersion != "0" {
            return .badRequest("specifying resource version is not allowed when using continue")
        }
        guard !match.isEmpty else { return nil }
        let name = "resourceVersionMatch"
        if resourceVersion.isEmpty {
            return .invalidOption(name, "Forbidden: \(name) is forbidden unless resourceVersion is provided")
        }
        if !continueToken.isEmpty {
            return .invalidOption(name, "Forbidden: \(name) is forbidden when continue is provided")
        }
        if match == "Exact" && resourceVersion == "0" || !["Exact", "NotOlderThan"].contains(match) {
            return .invalidOption(name, "Unsupported value: \"\(match)\"")
        }
        return nil
    }
}

extension [APIFault.Effect] {
    var pieceSize: Int? {
        for case .pieces(let size) in self { return Swift.max(1, size) }
        return nil
    }

    var padding: Int {
        for case .pad(let bytes) in self { return bytes }
        return 0
    }
}

extension APIRequest {
    /// Where faults find it.
    fileprivate var place: APIFault.Place {
        switch self {
        case .list(_, let options): .page(options.page)
        case .get: .get
        case .watch(_, let options): options.sendsInitialEvents == true ? .streamingList : .watch
        default: .discovery
        }
    }
}

extension APIStatus {
    fileprivate static func notFound(_ query: ObjectQuery) -> APIStatus {
        let resource = query.resource.rawValue + (query.resource.isTekton ? ".tekton.dev" : "")
        return APIStatus(code: 404, reason: "NotFound", message: "\(resource) \"\(query.name ?? "")\" not found")
    }
}
