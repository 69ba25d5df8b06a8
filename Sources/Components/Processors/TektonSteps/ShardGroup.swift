import Collector
import FoundationEssentials
import Kubernetes
import Logging
import Synchronization
import Tekton

/// Keeps this replica's Lease and looks at the others': performs what ``LeaseGroup`` decides, and tells who is there.
final class ShardGroup: Sendable {
    private let client: KubernetesClient
    private let context: ComponentContext
    private let group: Mutex<LeaseGroup>
    private let namespace: String
    private let labelSelector: String
    /// Of a request: what comes later tells nothing.
    private let timeout: Duration
    private let leaseDuration: Duration
    private let errors = Mutex<[String: Int]>([:])
    /// What was last said of failures.
    private let lastFailure = Mutex<String?>(nil)
    private let started = ContinuousClock.now

    init(_ configuration: ShardingConfiguration, client: KubernetesClient, context: ComponentContext) {
        self.client = client
        self.context = context
        namespace = configuration.leaseNamespace ?? client.namespace ?? "default"
        leaseDuration = configuration.leaseDuration
        timeout = max(configuration.renewInterval, .seconds(1))
        let identity = configuration.effectiveIdentity
        let suffix = String(UInt32.random(in: 0...UInt32.max), radix: 36)
        let settings = LeaseGroup.Configuration(
            namespace: namespace,
            name: "\(configuration.group)-\(identity.asObjectName)-\(suffix)",
            identity: identity,
            labels: [
                "steptrace/group": configuration.group,
                // A processor of several pipelines is there once in each, and each adds its spans.
                "steptrace/processor": context.name.asLabelValue,
            ],
            duration: configuration.leaseDuration,
            renewInterval: configuration.renewInterval
        )
        labelSelector = settings.labelSelector
        group = Mutex(LeaseGroup(settings))
    }

    var membership: LeaseGroup.Membership { group.withLock { $0.membership } }

    /// Who shares the TaskRuns, as a table.
    var inspection: InspectionTable {
        let (title, columns) = (
            "Replicas of \(context.name)", ["Replica", "Lease", "Since", "Lease duration", "This one"]
        )
        guard case .members(let members, let own) = membership else {
            return InspectionTable(title, columns: columns, rows: [])
        }
        let rows = members.map { member in
            [
                member.identity, "\(namespace)/\(member.name)",
                Date(timeIntervalSince1970: Double(member.since.unixNanoseconds / 1_000_000_000)).formatted(.iso8601),
                GoDuration.format(member.duration), member == own ? "yes" : "no",
            ]
        }
        return InspectionTable(title, columns: columns, rows: rows)
    }

    /// Failed requests by kind.
    var errorCounts: [String: Int] { errors.withLock { $0 } }

    /// Until the task is cancelled.
    ///
    /// - Parameters:
    ///   - isFit: whether TaskRuns are followed, without which there is nothing to be done for others.
    ///   - changed: called with who is there, at first and whenever that has changed.
    func run(isFit: @Sendable () -> Bool, changed: @Sendable (Sharding) -> Void) async {
        var told = LeaseGroup.Membership.unknown
        var lastFit: Duration?
        while !Task.isCancelled {
            if isFit() { lastFit = now }
            // A watch that is made up for is no reason to leave.
            let isFit = lastFit.map { now - $0 < leaseDuration } ?? false
            let next = group.withLock { $0.next(now: now, wall: .now, isFit: isFit) }
            switch next {
            case .send(let request):
                await send(request)
            case .wait(let pause):
                let membership = membership
                if membership != told {
                    say(membership, before: told)
                    told = membership
                    changed(Sharding(membership))
                }
                // One that has just become fit to join does so at once.
                try? await Task.sleep(for: isFit ? pause : min(pause, Self.fitnessInterval))
            }
        }
    }

    private static let fitnessInterval = Duration.milliseconds(250)

    /// Gives the Lease up, so that the others take over at once. To be called when everything has been handed on.
    func leave() async {
        guard let lease = group.withLock({ $0.leave() }) else { return }
        do {
            try await client.delete(lease, timeout: .seconds(2))
        } catch  where error.kind == .notFound {
            // As well as deleted.
        } catch {
            context.logger.warning(
                "The Lease could not be given up; others take over when it has run out",
                metadata: ["lease": "\(namespace)/\(lease.metadata.name)", "error": "\(error)"]
            )
        }
    }

    private func send(_ request: LeaseGroup.Request) async {
        let sent = now
        do {
            switch request {
            case .list:
                let leases = try await client.leases(in: namespace, labelSelector: labelSelector, timeout: timeout)
                group.withLock { $0.listed(leases, now: now) }
            case .create(let lease):
                let lease = try await client.create(lease, timeout: timeout)
                group.withLock { $0.created(lease, sent: sent) }
            case .renew(let lease):
                let lease = try await client.update(lease, timeout: timeout)
                group.withLock { $0.renewed(lease, sent: sent, now: now) }
            case .delete(let lease):
                try await client.delete(lease, timeout: timeout)
                group.withLock { $0.deleted(lease) }
            }
            say(nil)
        } catch {
            if Task.isCancelled { return }
            group.withLock { $0.failed(request, error, now: now) }
            // These are part of how it works.
            if error.isConflict || error.kind == .notFound && request.isOfOneLease { return }
            errors.withLock { $0[error.kind.name, default: 0] += 1 }
            say(error)
        }
    }

    private var now: Duration { ContinuousClock.now - started }

    // MARK: - What is said

    /// Failures are told when they begin, change and end.
    private func say(_ error: KubernetesError?) {
        let isNew = lastFailure.withLock { last in
            defer { last = error?.message }
            return last != error?.message
        }
        guard isNew else { return }
        guard let error else {
            context.logger.info("The Leases can be kept again", metadata: ["namespace": "\(namespace)"])
            return
        }
        if error.kind == .forbidden {
            context.logger.warning(
                """
                The TaskRuns cannot be shared with other replicas: no right to Leases; grant list, create, update, delete \
                on leases in coordination.k8s.io (see docs/operations.md). Until then all spans are added here, too
                """,
                metadata: ["namespace": "\(namespace)", "error": "\(error)"]
            )
        } else {
            context.logger.warning(
                "The Leases cannot be kept; others may take over meanwhile, and spans may be added twice",
                metadata: ["namespace": "\(namespace)", "error": "\(error)"]
            )
        }
    }

    private func say(_ membership: LeaseGroup.Membership, before: LeaseGroup.Membership) {
        guard case .members(let members, let own) = membership else { return }
        var metadata: Logger.Metadata = [
            "replicas":
                "\(members.map { $0 == own ? "\($0.identity) (this one)" : $0.identity }.joined(separator: ", "))"
        ]
        if case .members(let old, let oldOwn) = before {
            let gone = old.filter { member in
                oldOwn != member && !members.contains { $0.uid == member.uid }
            }
            if !gone.isEmpty { metadata["gone"] = "\(gone.map(\.identity).joined(separator: ", "))" }
        }
        context.logger.info("Replicas that share the TaskRuns", metadata: metadata)
    }
}

extension LeaseGroup.Request {
    /// Where "not found" is about the Lease and not about the group.
    fileprivate var isOfOneLease: Bool {
        switch self {
        case .list, .create: false
        case .renew, .delete: true
        }
    }
}

extension String {
    /// With nothing but what may stand anywhere within an object's name.
    fileprivate var asObjectName: String {
        let allowed = lowercased().unicodeScalars.map { scalar -> Character in
            switch scalar {
            case "a"..."z", "0"..."9": Character(scalar)
            default: "-"
            }
        }
        return String(String(allowed).prefix(128))
    }

    /// `tekton_steps@traces/a` as a label's value: `tekton_steps_traces_a`.
    fileprivate var asLabelValue: String {
        let allowed = unicodeScalars.prefix(63).map { scalar -> Character in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-": Character(scalar)
            default: "_"
            }
        }
        // It has to begin and end with a letter or a digit.
        let rest = allowed.drop { $0 == "_" || $0 == "-" }.reversed().drop { $0 == "_" || $0 == "-" }
        return String(rest.reversed())
    }
}
