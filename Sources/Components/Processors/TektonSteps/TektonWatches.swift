import Collector
import FoundationEssentials
import Kubernetes
import Logging
import Synchronization
import Tekton

/// The watches of `tekton_steps`: TaskRuns, their Pods, and Events about pods, in all namespaces or in some.
///
/// Says in the log and in the component's status when the API server cannot be reached or does not allow it, and when it
/// is well again.
final class TektonWatches: Sendable {
    /// A change of an object.
    enum Change: Sendable {
        case taskRun(TaskRun)
        case taskRunDeleted(ObjectKey, last: TaskRun?)
        case pod(Pod)
        case podDeleted(ObjectKey, last: Pod?)
        case event(Event)

        func apply(to correlator: inout Correlator, now: Moment) {
            switch self {
            case .taskRun(let taskRun): correlator.apply(taskRun, now: now)
            case .taskRunDeleted(let key, let last): correlator.deleted(key, last: last, now: now)
            case .pod(let pod): correlator.apply(pod, now: now)
            case .podDeleted(let key, let last): correlator.deleted(key, last: last, now: now)
            case .event(let event): correlator.apply(event, now: now)
            }
        }
    }

    let client: KubernetesClient
    private let namespaces: [String?]
    private let labelSelector: String
    private let followsEvents: Bool
    private let context: ComponentContext
    /// By resource and namespace.
    private let statistics: [WatchKey: ReflectorStatistics]
    /// What is wrong, by watch.
    private let failures = Mutex<[String: String]>([:])

    init(_ configuration: TektonStepsConfiguration, context: ComponentContext) throws {
        if configuration.access.authType != .none, configuration.access.apiServer != nil {
            context.logger.warning("\"api_server\" is only used with auth_type: none, and ignored")
        }
        let environment = ClusterEnvironment.process
        client = try KubernetesClient(
            access: configuration.access.access(in: environment),
            environment: environment,
            userAgent: "\(BuildInfo.command)/\(BuildInfo.version)",
            logger: context.logger
        )
        namespaces = configuration.namespaces.isEmpty ? [nil] : configuration.namespaces
        labelSelector = configuration.labelSelector
        followsEvents = configuration.correlator.spans.imagePulls || configuration.correlator.spans.schedule
        self.context = context
        var resources = [TaskRun.resource, Pod.resource]
        if followsEvents { resources.append(Event.resource) }
        let keys = namespaces.flatMap { namespace in resources.map { WatchKey($0, namespace) } }
        statistics = Dictionary(uniqueKeysWithValues: Set(keys).map { ($0, ReflectorStatistics()) })
        observe()
    }

    private func observe() {
        let (statistics, requests, processor) = (statistics, client.requests, "\(context.id)")
        context.observe { sink in
            let now = ContinuousClock.now
            for (key, watch) in statistics {
                TektonStepsMetrics.write(
                    watch.snapshot,
                    resource: key.resource,
                    namespace: key.namespace,
                    now: now,
                    to: &sink,
                    processor: processor
                )
            }
            TektonStepsMetrics.write(requests.all, to: &sink, processor: processor)
        }
    }

    /// TaskRuns and Pods have been listed, and are followed: nothing of theirs is missed.
    var isFollowing: Bool {
        statistics.allSatisfy { key, watch in
            key.resource == Event.resource.qualifiedName || watch.snapshot.isFollowing
        }
    }

    /// Follows the objects until the task is cancelled.
    ///
    /// - Parameter answered: called once the watches of Pods and Events have listed what there is, or have failed.
    func run(
        _ handler: @escaping @Sendable (Change) -> Void,
        answered: @escaping @Sendable () -> Void
    ) async {
        let unanswered = Mutex(
            Set(
                namespaces.flatMap {
                    followsEvents ? ["pods \($0 ?? "")", "events \($0 ?? "")"] : ["pods \($0 ?? "")"]
                }
            )
        )
        let note: @Sendable (String) -> Void = { watch in
            let isLast = unanswered.withLock { $0.remove(watch) != nil && $0.isEmpty }
            if isLast { answered() }
        }
        await withTaskGroup { group in
            for namespace in namespaces {
                let taskRuns = ObjectSelection(
                    namespace: namespace,
                    labelSelector: labelSelector.isEmpty ? nil : labelSelector
                )
                let pods = ObjectSelection(
                    namespace: namespace,
                    labelSelector: [Pod.labelSelector, labelSelector].filter { !$0.isEmpty }.joined(separator: ",")
                )
                group.addTask {
                    await self.follow(TaskRun.self, taskRuns) {
                        handler(.taskRun($0))
                    } deleted: {
                        handler(.taskRunDeleted($0, last: $1))
                    }
                }
                let podsAnswered = AsyncStream<Void>.makeStream()
                group.addTask {
                    await self.follow(Pod.self, pods) {
                        handler(.pod($0))
                    } deleted: {
                        handler(.podDeleted($0, last: $1))
                    } firstAnswer: {
                        podsAnswered.continuation.finish()
                        note("pods \(namespace ?? "")")
                    }
                }
                guard followsEvents else { continue }
                let events = ObjectSelection(namespace: namespace, fieldSelector: Event.fieldSelector)
                group.addTask {
                    // Those of other pods, which may be many, need not be kept until it is known whose they are.
                    for await _ in podsAnswered.stream {}
                    // Events are deleted when they are old; what they told stays true.
                    await self.follow(Event.self, events) {
                        if PodEvents.concerns($0) { handler(.event($0)) }
                    } deleted: { _, _ in
                    } firstAnswer: {
                        note("events \(namespace ?? "")")
                    }
                }
            }
        }
    }

    private func follow<Resource: KubernetesResource>(
        _ type: Resource.Type,
        _ selection: ObjectSelection,
        applied: @escaping @Sendable (Resource) -> Void,
        deleted: @escaping @Sendable (ObjectKey, Resource?) -> Void,
        firstAnswer: @escaping @Sendable () -> Void = {}
    ) async {
        let name = Resource.resource.qualifiedName + (selection.namespace.map { " in \($0)" } ?? "")
        let logger = context.logger
        let statistics = statistics[WatchKey(Resource.resource, selection.namespace)] ?? ReflectorStatistics()
        let reflector = Reflector<Resource>(
            client: client,
            selection: selection,
            statistics: statistics,
            logger: logger
        ) { event in
            switch event {
            case .applied(let object):
                applied(object)
            case .deleted(let key, let last):
                deleted(key, last)
            case .synced:
                firstAnswer()
                logger.info("Following objects in the API server", metadata: ["resource": "\(name)"])
            case .failed(let error, let delay):
                // What is wrong with the next watch is to be said, too.
                firstAnswer()
                logger.warning(
                    "The API server cannot be followed; spans pass through, steps are added once it can be",
                    metadata: ["resource": "\(name)", "error": "\(error)", "retry_in": "\(GoDuration.format(delay))"]
                )
                self.note(name, "\(name): \(error)")
            case .recovered:
                logger.info("The API server can be followed again", metadata: ["resource": "\(name)"])
                self.note(name, nil)
            }
        }
        await reflector.run()
    }

    /// The status is reported under the lock, so that reports come in the order of what they tell.
    private func note(_ watch: String, _ failure: String?) {
        failures.withLock { failures in
            failures[watch] = failure
            let messages = failures.sorted { $0.key < $1.key }.map(\.value)
            context.report(messages.isEmpty ? .ok : .recoverableError(messages.joined(separator: "; ")))
        }
    }
}

private struct WatchKey: Hashable {
    let resource: String
    /// Empty for all.
    let namespace: String

    init(_ resource: APIResource, _ namespace: String?) {
        self.resource = resource.qualifiedName
        self.namespace = namespace ?? ""
    }
}

extension KubernetesTime {
    static var now: KubernetesTime {
        KubernetesTime(unixNanoseconds: Int64(Date().timeIntervalSince1970 * 1_000_000_000))
    }
}
