internal import FoundationEssentials

/// The Leases of an API server. Pure: answers requests by what was written before.
struct LeaseStore: Sendable {
    /// What is answered.
    struct Answer: Sendable, Equatable {
        let code: Int
        let body: [UInt8]
    }

    /// A Lease as it stands in JSON.
    struct StoredLease: Codable, Sendable, Equatable {
        struct Metadata: Codable, Sendable, Equatable {
            var name: String
            var namespace: String?
            var uid: String?
            var resourceVersion: String?
            var creationTimestamp: String?
            var labels: [String: String]?
        }

        struct Spec: Codable, Sendable, Equatable {
            var holderIdentity: String?
            var leaseDurationSeconds: Int?
            var acquireTime: String?
            var renewTime: String?
        }

        var apiVersion: String?
        var kind: String?
        var metadata: Metadata
        var spec: Spec?
    }

    private struct Page: Encodable {
        struct Metadata: Encodable {
            let resourceVersion: String
        }

        let kind = "LeaseList"
        let apiVersion = "coordination.k8s.io/v1"
        let metadata: Metadata
        let items: [StoredLease]
    }

    private struct DeleteOptions: Decodable {
        struct Preconditions: Decodable {
            let uid: String?
            let resourceVersion: String?
        }

        let preconditions: Preconditions?
    }

    /// By namespace and name.
    private(set) var leases: [String: StoredLease] = [:]
    private var revision = 1

    static let pathPrefix = "/apis/coordination.k8s.io/v1/"

    /// - Parameters:
    ///   - now: for creation timestamps.
    mutating func answer(_ request: LeaseRequest, body: [UInt8], now: String) -> Answer {
        let key = "\(request.namespace)/\(request.name)"
        do {
            switch request.verb {
            case .list: return try list(request)
            case .create: return try create(body, in: request.namespace, now: now)
            case .update: return try update(body, key, request)
            case .delete: return try delete(body, key, request)
            }
        } catch let status as APIStatus {
            return Self.answer(status)
        } catch {
            return Self.answer(.badRequest("\(error)"))
        }
    }

    static func answer(_ status: APIStatus) -> Answer { Answer(code: status.code, body: Array(status.json.utf8)) }

    private func list(_ request: LeaseRequest) throws -> Answer {
        let items = leases.filter { key, lease in
            key.hasPrefix("\(request.namespace)/") && request.labels.matches(lease.metadata.labels ?? [:])
        }
        let page = Page(
            metadata: Page.Metadata(resourceVersion: String(revision)),
            items: items.sorted { $0.key < $1.key }.map(\.value)
        )
        return Answer(code: 200, body: [UInt8](try JSONEncoder().encode(page)))
    }

    private mutating func create(_ body: [UInt8], in namespace: String, now: String) throws -> Answer {
        var lease = try Self.checked(body)
        let key = "\(namespace)/\(lease.metadata.name)"
        guard leases[key] == nil else {
            throw APIStatus(
                code: 409,
                reason: "AlreadyExists",
                message: "leases \"\(lease.metadata.name)\" already exists"
            )
        }
        guard lease.metadata.resourceVersion == nil else {
            throw APIStatus.badRequest("resourceVersion should not be set on objects to be created")
        }
        lease.metadata.creationTimestamp = now
        lease.metadata.uid = "lease-\(revision + 1)"
        return try store(lease, key, code: 201)
    }

    private mutating func update(_ body: [UInt8], _ key: String, _ request: LeaseRequest) throws -> Answer {
        guard let known = leases[key] else { throw Self.notFound(request) }
        var lease = try Self.checked(body)
        guard lease.metadata.resourceVersion ?? known.metadata.resourceVersion == known.metadata.resourceVersion,
            lease.metadata.uid ?? known.metadata.uid == known.metadata.uid
        else { throw Self.conflict(request) }
        lease.metadata.creationTimestamp = known.metadata.creationTimestamp
        lease.metadata.uid = known.metadata.uid
        return try store(lease, key, code: 200)
    }

    private mutating func delete(_ body: [UInt8], _ key: String, _ request: LeaseRequest) throws -> Answer {
        guard let known = leases[key] else { throw Self.notFound(request) }
        let options = body.isEmpty ? nil : try JSONDecoder().decode(DeleteOptions.self, from: Data(body))
        let conditions = options?.preconditions
        guard conditions?.uid ?? known.metadata.uid == known.metadata.uid,
            conditions?.resourceVersion ?? known.metadata.resourceVersion == known.metadata.resourceVersion
        else { throw Self.conflict(request) }
        revision += 1
        leases[key] = nil
        return Answer(code: 200, body: Array(#"{"kind":"Status","apiVersion":"v1","status":"Success"}"#.utf8))
    }

    private mutating func store(_ lease: StoredLease, _ key: String, code: Int) throws -> Answer {
        revision += 1
        var lease = lease
        lease.metadata.resourceVersion = String(revision)
        leases[key] = lease
        return Answer(code: code, body: [UInt8](try JSONEncoder().encode(lease)))
    }

    /// A Lease that an API server would take.
    private static func checked(_ body: [UInt8]) throws -> StoredLease {
        let lease = try JSONDecoder().decode(StoredLease.self, from: Data(body))
        guard lease.kind == "Lease", lease.apiVersion == "coordination.k8s.io/v1" else {
            throw APIStatus.badRequest("the object is no Lease of coordination.k8s.io/v1")
        }
        for time in [lease.spec?.acquireTime, lease.spec?.renewTime] {
            // `MicroTime` is parsed by a layout with six digits.
            guard time.map({ $0.utf8.count == 27 && $0.hasSuffix("Z") && $0.dropFirst(19).first == "." }) ?? true else {
                throw APIStatus.badRequest("parsing time \"\(time ?? "")\" as \"2006-01-02T15:04:05.000000Z07:00\"")
            }
        }
        guard lease.spec?.leaseDurationSeconds.map({ $0 > 0 }) ?? true else {
            throw APIStatus(code: 422, reason: "Invalid", message: "spec.leaseDurationSeconds: must be greater than 0")
        }
        return lease
    }

    private static func notFound(_ request: LeaseRequest) -> APIStatus {
        APIStatus(
            code: 404,
            reason: "NotFound",
            message: "leases.coordination.k8s.io \"\(request.name)\" not found"
        )
    }

    private static func conflict(_ request: LeaseRequest) -> APIStatus {
        APIStatus(
            code: 409,
            reason: "Conflict",
            message:
                "Operation cannot be fulfilled on leases.coordination.k8s.io \"\(request.name)\": the object has been "
                + "modified; please apply your changes to the latest version and try again"
        )
    }
}
