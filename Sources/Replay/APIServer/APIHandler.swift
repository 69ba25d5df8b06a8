internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1

/// Answers the requests to a ``ReplayAPIServer``.
struct APIHandler: HTTPServerHandler {
    let server: ReplayAPIServer
    let token: String?

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        if path.hasPrefix(LeaseStore.pathPrefix) { return .read(maxBodyBytes: 64 << 10) }
        guard method == .GET else {
            let status = APIStatus(code: 405, reason: "MethodNotAllowed", message: "only GET is replayed")
            return .respond(.status(status))
        }
        return .read(maxBodyBytes: 0)
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse {
        .status(.badRequest("a GET request has no body"))
    }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        if let response = server.leases.answer(request) { return responder.respond(response) }
        let parsed = APIRequest(path: request.path, query: request.query)
        let authorization = request.headers.first(name: "Authorization")
        let received = ReceivedAPIRequest(
            verb: parsed.verb,
            resource: parsed.query?.resource,
            path: request.path,
            query: request.query,
            authorization: authorization
        )
        let isAuthorized = token.map { authorization == "Bearer \($0)" } ?? true
        // What is decided under the lock is done outside of it.
        let reaction: Reaction = server.state.update { state in
            state.requests.append(received)
            if let failure = state.takeFailure(received) {
                if case .hang = failure { state.hanging.append(responder) }
                return .fail(failure)
            }
            guard isAuthorized else { return .respond(.status(.unauthorized)) }
            return state.react(to: parsed)
        }
        switch reaction {
        case .respond(let response): responder.respond(response)
        case .watch(let id, let output): stream(output, id, responder)
        case .fail(.status(let status)): responder.respond(.status(status))
        case .fail(.hang): break
        case .fail(.cutOff):
            stream(
                AsyncStream { continuation in
                    continuation.yield(.bytes(Array(#"{"kind":"#.utf8)))
                    continuation.yield(.cut)
                    continuation.finish()
                },
                nil,
                responder
            )
        }
    }

    private func stream(
        _ output: AsyncStream<ReplayAPIServer.WatchOutput>,
        _ id: UInt64?,
        _ responder: HTTPResponder
    ) {
        let writer = responder.respondStreaming(status: .ok, headers: ["Content-Type": "application/json"])
        let pump = Task {
            for await piece in output {
                switch piece {
                case .bytes(let bytes): try await writer.write(ByteBuffer(bytes: bytes))
                // The writer goes without having finished, and the connection with it.
                case .cut: return
                }
            }
            if !Task.isCancelled { writer.finish() }
        }
        guard let id else { return }
        writer.onClose {
            pump.cancel()
            server.state.update { $0.watchers.removeValue(forKey: id)?.output.finish() }
        }
    }

    enum Reaction {
        case respond(HTTPServerResponse)
        case watch(UInt64, AsyncStream<ReplayAPIServer.WatchOutput>)
        case fail(APIFailure)
    }
}

extension ReplayAPIServer.State {
    private static let maxPages = 64

    fileprivate mutating func takeFailure(_ request: ReceivedAPIRequest) -> APIFailure? {
        let index = failures.firstIndex {
            ($0.verb ?? request.verb) == request.verb && ($0.resource ?? request.resource) == request.resource
        }
        guard let index else { return nil }
        let failure = failures[index].failure
        if let remaining = failures[index].remaining {
            failures[index].remaining = remaining - 1
            if remaining <= 1 { failures.remove(at: index) }
        }
        return failure
    }

    fileprivate mutating func react(to request: APIRequest) -> APIHandler.Reaction {
        if !servesTekton, request.query?.resource.isTekton ?? request.isTektonDiscovery {
            return .respond(.text(.notFound, "404 page not found\n"))
        }
        switch request {
        case .version: return .respond(.json(APIDocuments.version))
        case .health: return .respond(.text(.ok, "ok"))
        case .tektonGroup: return .respond(.json(APIDocuments.tektonGroup))
        case .tektonResources:
            return .respond(.json(APIDocuments.resources("tekton.dev/v1", [.pipelineRuns, .taskRuns])))
        case .coreResources: return .respond(.json(APIDocuments.resources("v1", [.events, .pods])))
        case .invalid(let status): return .respond(.status(status))
        case .get(let query):
            guard let stored = store.list(query).first else {
                return .respond(.status(.notFound(query)))
            }
            return .respond(.json(bytes: stored.object.json(resourceVersion: String(stored.revision))))
        case .list(let query, let limit, let token): return .respond(list(query, limit: limit, token: token))
        case .watch(let query, let version, let bookmarks): return watch(query, from: version, bookmarks: bookmarks)
        }
    }

    private mutating func list(_ query: ObjectQuery, limit: Int, token: String) -> HTTPServerResponse {
        let page: ReplayAPIServer.Page
        if token.isEmpty {
            page = ReplayAPIServer.Page(items: store.list(query)[...], revision: store.revision)
        } else if let known = pages[token] {
            page = known
        } else {
            return .status(
                APIStatus(code: 410, reason: "Expired", message: "The provided continue parameter is too old")
            )
        }
        let items = limit > 0 ? page.items.prefix(limit) : page.items
        let rest = page.items.dropFirst(items.count)
        var next = ""
        if !rest.isEmpty {
            if pages.count >= Self.maxPages { pages.removeAll() }
            nextID += 1
            next = "page-\(nextID)"
            pages[next] = ReplayAPIServer.Page(items: rest, revision: page.revision)
        }
        return .json(
            bytes: APIDocuments.list(
                query.resource,
                items,
                revision: page.revision,
                continueToken: next,
                remaining: rest.count
            )
        )
    }

    private mutating func watch(
        _ query: ObjectQuery,
        from resourceVersion: String,
        bookmarks: Bool
    ) -> APIHandler.Reaction {
        let first: [ObjectStore.WatchEvent]
        if resourceVersion.isEmpty || resourceVersion == "0" {
            first = store.list(query).map {
                ObjectStore.WatchEvent(kind: .added, object: $0.object, revision: $0.revision)
            }
        } else {
            guard let revision = UInt64(resourceVersion) else {
                return .respond(.status(.badRequest("invalid resource version \"\(resourceVersion)\"")))
            }
            guard let events = store.events(after: revision, query) else {
                // Like the real one: the watch begins well, its first event is the error.
                return .respond(.json(bytes: APIDocuments.error(.expired)))
            }
            first = events
        }
        let (stream, output) = AsyncStream.makeStream(of: ReplayAPIServer.WatchOutput.self)
        for event in first { output.yield(.bytes(APIDocuments.event(event))) }
        nextID += 1
        watchers[nextID] = ReplayAPIServer.Watcher(query: query, bookmarks: bookmarks, output: output)
        return .watch(nextID, stream)
    }
}

extension APIRequest {
    fileprivate var verb: APIVerb {
        switch self {
        case .list: .list
        case .get: .get
        case .watch: .watch
        default: .other
        }
    }

    fileprivate var isTektonDiscovery: Bool { self == .tektonGroup || self == .tektonResources }
}

extension APIStatus {
    fileprivate static func notFound(_ query: ObjectQuery) -> APIStatus {
        let resource = query.resource.rawValue + (query.resource.isTekton ? ".tekton.dev" : "")
        return APIStatus(code: 404, reason: "NotFound", message: "\(resource) \"\(query.name ?? "")\" not found")
    }
}

extension HTTPServerResponse {
    fileprivate static func json(_ text: String) -> Self { json(bytes: Array(text.utf8)) }

    fileprivate static func json(bytes: [UInt8]) -> Self {
        Self(status: .ok, headers: ["Content-Type": "application/json"], body: ByteBuffer(bytes: bytes))
    }

    fileprivate static func status(_ status: APIStatus) -> Self {
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        if let seconds = status.retryAfter { headers.add(name: "Retry-After", value: String(seconds)) }
        return Self(
            status: HTTPResponseStatus(statusCode: status.code),
            headers: headers,
            body: ByteBuffer(string: status.json)
        )
    }
}
