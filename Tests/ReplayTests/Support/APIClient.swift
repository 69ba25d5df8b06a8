import FoundationEssentials
import HTTPClient
import Testing

@testable import Replay

/// Asks a replaying API server, and makes no effort to understand more than tests look at.
struct APIClient {
    struct List: Decodable {
        struct Metadata: Decodable {
            let resourceVersion: String
            let `continue`: String?
            let remainingItemCount: Int?
        }

        struct Item: Decodable {
            struct Metadata: Decodable {
                let name: String
                let resourceVersion: String
            }

            let kind: String?
            let metadata: Metadata
        }

        let kind: String
        let metadata: Metadata
        let items: [Item]

        var names: [String] { items.map(\.metadata.name) }
    }

    struct Event: Decodable {
        struct Object: Decodable {
            struct Metadata: Decodable {
                let name: String?
                let resourceVersion: String?
                let annotations: [String: String]?
            }

            let kind: String
            let metadata: Metadata?
            let code: Int?
        }

        let type: String
        let object: Object

        /// `ADDED a@2`, `BOOKMARK @5 end`, `ERROR 410`.
        var words: String {
            if let code = object.code { return "\(type) \(code)" }
            let end = object.metadata?.annotations?["k8s.io/initial-events-end"] == "true" ? " end" : ""
            return "\(type) \(object.metadata?.name ?? "")@\(object.metadata?.resourceVersion ?? "")\(end)"
        }
    }

    struct Status: Decodable {
        struct Details: Decodable {
            struct Cause: Decodable {
                let reason: String
            }

            let causes: [Cause]?
            let retryAfterSeconds: Int?
        }

        let reason: String
        let code: Int
        let details: Details?
    }

    /// The lines of a watch.
    struct Lines {
        var iterator: HTTPClientStream.AsyncIterator
        var buffer: [UInt8] = []

        mutating func nextLine() async throws -> [UInt8]? {
            while true {
                if let end = buffer.firstIndex(of: 0x0A) {
                    let line = Array(buffer[..<end])
                    buffer.removeSubrange(...end)
                    return line
                }
                guard let chunk = try await iterator.next() else { return nil }
                buffer += chunk
            }
        }

        mutating func next() async throws -> Event? {
            try await nextLine().map { try JSONDecoder().decode(Event.self, from: Data($0)) }
        }

        mutating func next(_ count: Int) async throws -> [Event] {
            var events: [Event] = []
            while events.count < count, let event = try await next() { events.append(event) }
            return events
        }

        mutating func words(_ count: Int) async throws -> [String] { try await next(count).map(\.words) }
    }

    private let client: HTTPClient

    init() throws {
        var configuration = HTTPClientConfiguration()
        configuration.proxy = ""
        // On a connection that was used before, libcurl takes a closed one for chance and asks again.
        configuration.disableKeepAlives = true
        client = try HTTPClient(configuration: configuration)
    }

    func get(_ url: String, token: String? = nil) async throws -> HTTPClientResponse {
        try await client.execute(
            HTTPClientRequest(
                method: "GET",
                url: url,
                headers: token.map { [("Authorization", "Bearer \($0)")] } ?? [],
                maxResponseBytes: 64 << 20
            )
        )
    }

    func list(_ url: String) async throws -> List {
        let response = try await get(url)
        #expect(response.status == 200)
        return try JSONDecoder().decode(List.self, from: Data(response.body))
    }

    /// What is wrong with a request.
    func status(_ url: String) async throws -> Status {
        let response = try await get(url)
        let status = try JSONDecoder().decode(Status.self, from: Data(response.body))
        #expect(response.status == status.code)
        return status
    }

    func open(_ url: String) async throws -> HTTPClientStream {
        try await client.stream(HTTPClientRequest(method: "GET", url: url, timeout: nil))
    }

    func watch(_ url: String) async throws -> Lines {
        let stream = try await open(url)
        #expect(stream.status == 200)
        return Lines(iterator: stream.makeAsyncIterator())
    }
}

extension APIClient {
    /// What a watch is told until the server ends all watches, which it does at once.
    func told(_ url: String, by server: ReplayAPIServer) async throws -> [String] {
        var watch = try await watch(url)
        server.endWatches()
        return try await watch.words(.max)
    }
}

extension ReplayAPIServer {
    /// Runs only for `body`.
    func run(_ body: (ReplayAPIServer) async throws -> Void) async throws {
        try await start()
        do {
            try await body(self)
        } catch {
            await stop()
            throw error
        }
        await stop()
    }

    /// The URL of a resource in all namespaces.
    func url(_ resource: RecordedResource) -> String {
        "\(url)/\(resource.apiVersion == "v1" ? "api" : "apis")/\(resource.apiVersion)/\(resource.rawValue)"
    }

    /// A pod of that name is made or changed, or goes.
    func pod(_ kind: Recording.ObjectEvent.Kind, _ name: String, uid: String? = nil) throws {
        change(kind, try Fixtures.object(.pods, name, uid: uid))
    }
}
