import Collector
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
    private let statistics: [WatchKey: ReflectorStatistics]
    private let report: Mutex<WatchReport>

    init(_ configuration: TektonStepsConfiguration, context: ComponentContext) throws {
        if configuration.access.authType != .none, configuration.access.apiServer != nil {
            context.logger.warning("\"api_server\" is only used with auth_type: none, and ignored")
        }
        if configuration.access.authType != .kubeConfig,
            configuration.access.kubeconfig != nil || configuration.access.context != nil
        {
            let message = "\"kubeconfig\" and \"context\" are only used with auth_type: kubeConfig, and ignored"
            context.logger.warning("\(message)")
        }
        let environment = ClusterEnvironment.process
        client = try KubernetesClient(
            access: configuration.access.access(in: environment),
            environment: environment,
            userAgent: "\(BuildInfo.command)/\(BuildInfo.version)",
            logger: context.logger
        )
        var named: [String] = []
        for namespace in configuration.namespaces where !named.contains(namespace) { named.append(namespace) }
        namespaces = named.isEmpty ? [nil] : named
        labelSelector = configuration.labelSelector
        followsEvents = configuration.followsEvents
        self.context = context
        var resources = [TaskRun.resource, Pod.resource]
        if followsEvents { resources.append(Event.resource) }
        let keys = namespaces.flatMap { namespace in resources.map { WatchKey($0, namespace) } }
        statistics = Dictionary(uniqueKeysWithValues: keys.map { ($0, ReflectorStatistics()) })
        report = Mutex(WatchReport(keys))
        observe()
    }

    private func observe() {
        let (statistics, requests, processor) = (statistics, client.requests, context.name)
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

    /// Whether what is known is worth sharing the work: TaskRuns are followed, at least in some namespace, and there is
    /// nothing that has neither been listed nor failed. What all replicas may not see must keep none of them from the rest.
    var isUseful: Bool {
        let snapshots = statistics.filter { $0.key.resource != Event.resource.qualifiedName }
            .map { (key: $0.key, watch: $0.value.snapshot) }
        return snapshots.allSatisfy { $0.watch.isFollowing || !$0.watch.errors.isEmpty }
            && snapshots.contains { $0.key.isOfTaskRuns && $0.watch.isFollowing }
    }

    /// Follows the objects until the task is cancelled.
    ///
    /// - Parameter tell: told whenever it may have changed whether Pods and Events are told of, as far as they ever will be.
    func run(
        _ handler: @escaping @Sendable (Change) -> Void,
        tell: @escaping @Sendable (Bool) -> Void
    ) async {
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
                    await self.follow(TaskRun.self, taskRuns, tell: tell) {
                        handler(.taskRun($0))
                    } deleted: {
                        handler(.taskRunDeleted($0, last: $1))
                    }
                }
                let podsAnswered = AsyncStream<Void>.makeStream()
                group.addTask {
                    await self.follow(Pod.self, pods, tell: tell) {
                        handler(.pod($0))
                    } deleted: {
                        handler(.podDeleted($0, last: $1))
                    } firstAnswer: {
                        podsAnswered.continuation.finish()
                    }
                }
                guard followsEvents else { continue }
                let events = ObjectSelection(namespace: namespace, fieldSelector: Event.fieldSelector)
                group.addTask {
                    // Those of other pods, which may be many, need not be kept until it is known whose they are.
                    for await _ in podsAnswered.stream {}
                    // Events are deleted when they are old; what they told stays true.
                    await self.follow(Event.self, events, tell: tell) {
                        if PodEvents.concerns($0) { handler(.event($0)) }
                    } deleted: { _, _ in
                    }
                }
            }
        }
    }

    private func follow<Resource: KubernetesResource>(
        _ type: Resource.Type,
        _ selection: ObjectSelection,
        tell: @escaping @Sendable (Bool) -> Void,
        applied: @escaping @Sendable (Resource) -> Void,
        deleted: @escaping @Sendable (ObjectKey, Resource?) -> Void,
        firstAnswer: @escaping @Sendable () -> Void = {}
    ) async {
        let key = WatchKey(Resource.resource, selection.namespace)
        let logger = context.logger
        let statistics = statistics[key] ?? ReflectorStatistics()
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
                logger.info("Following objects in the API server", metadata: ["resource": "\(key)"])
                self.note(tell) { $0.synced(key) }
            case .failed(let error, let delay):
                // What is wrong with the next watch is to be said, too.
                firstAnswer()
                let isNew = self.note(tell) { $0.failed(key, error) }
                logger.log(
                    level: isNew ? .warning : .debug,
                    "The API server cannot be followed; spans pass through, steps are added once it can be",
                    metadata: ["resource": "\(key)", "error": "\(error)", "retry_in": "\(GoDuration.format(delay))"]
                )
            case .recovered:
                logger.info("The API server can be followed again", metadata: ["resource": "\(key)"])
                self.note(tell) { $0.recovered(key) }
            }
        }
        await reflector.run()
    }

    /// All is told under the lock, so that it comes in order.
    @discardableResult
    private func note<Result: Sendable>(
        _ tell: (Bool) -> Void,
        _ body: (inout WatchReport) -> Result
    ) -> Result {
        report.withLock { report in
            let before = report.failure
            let result = body(&report)
            if report.failure != before {
                context.report(report.failure.map { .recoverableError($0) } ?? .ok)
            }
            tell(report.tells)
            return result
        }
    }
}
