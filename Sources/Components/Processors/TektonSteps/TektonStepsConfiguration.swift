public import Collector
public import Kubernetes
public import Tekton

/// The options of the processor `tekton_steps`.
public struct TektonStepsConfiguration: ComponentConfiguration {
    public var access = ClusterAccessSettings()
    /// Empty for all.
    public var namespaces: [String] = []
    /// Of TaskRuns; their pods carry their labels.
    public var labelSelector = ""
    public var taskRunAttributes = Self.defaultTaskRunAttributes
    public var namespaceAttributes = Self.defaultNamespaceAttributes
    public var correlator = CorrelatorOptions()
    public var sharding = ShardingConfiguration()

    static let defaultTaskRunAttributes = ["taskrun", "tekton.task_run.name", "taskrun.name"]
    static let defaultNamespaceAttributes = ["namespace", "k8s.namespace.name", "taskrun.namespace"]

    public init() {}

    public init(from map: inout ConfigMap) throws(ConfigError) {
        access.authType = try map.oneOf("auth_type", default: .serviceAccount)
        access.kubeconfig = try map.optionalString("kubeconfig")
        access.context = try map.optionalString("context")
        access.apiServer = try map.optionalString("api_server")
        if access.authType == .none, access.apiServer == nil {
            try map.report("\"api_server\" must be specified with auth_type: none, such as http://127.0.0.1:8001")
        }
        namespaces = try map.strings("namespaces")
        if let name = namespaces.first(where: { !LabelSelector.isDNSLabel($0) }) {
            try map.report("\"namespaces\" has \"\(name)\", which is no name of a namespace")
        }
        labelSelector = try map.string("label_selector", default: "")
        if let problem = LabelSelector.problem(in: labelSelector) {
            try map.report("\"label_selector\" is no label selector: \(problem)")
        }
        taskRunAttributes = try Self.names(&map, "taskrun_attributes", default: Self.defaultTaskRunAttributes)
        namespaceAttributes = try Self.names(&map, "namespace_attributes", default: Self.defaultNamespaceAttributes)
        correlator.spans = try SpanOptions(from: &map)
        correlator.maxHold = try map.duration("max_hold", default: correlator.maxHold)
        correlator.sightingTimeout = try map.duration("sighting_timeout", default: correlator.sightingTimeout)
        correlator.completedMaxAge = try map.duration("completed_max_age", default: correlator.completedMaxAge)
        correlator.maxTrackedTaskRuns = try map.int(
            "max_tracked_task_runs",
            default: correlator.maxTrackedTaskRuns,
            in: 1...Int.max
        )
        var durations = try map.map("duration_metrics")
        correlator.durations = try DurationHistograms.Options(from: &durations)
        var sharding = try map.map("sharding")
        self.sharding = try ShardingConfiguration(from: &sharding)
    }

    private static func names(
        _ map: inout ConfigMap,
        _ key: String,
        default defaults: [String]
    ) throws(ConfigError) -> [String] {
        let names = try map.strings(key, default: defaults)
        if names.isEmpty || names.contains("") { try map.report("\"\(key)\" must name at least one attribute") }
        return names
    }

    public static let options: [ConfigOption] =
        [
            ConfigOption(
                "auth_type",
                "serviceAccount | kubeConfig | none",
                default: "serviceAccount",
                example: "kubeConfig",
                "How to log in to the API server: as the pod's service account, as a kubeconfig says, or not at all."
            ),
            ConfigOption(
                "kubeconfig",
                "string",
                default: "",
                example: "/etc/steptrace/kubeconfig",
                "Path of the kubeconfig for `auth_type: kubeConfig`; without it `KUBECONFIG`, else `~/.kube/config`."
            ),
            ConfigOption(
                "context",
                "string",
                default: "",
                example: "production",
                "Context of the kubeconfig; without it the current one."
            ),
            ConfigOption(
                "api_server",
                "URL",
                default: "",
                example: "http://127.0.0.1:8001",
                "The API server for `auth_type: none`, such as a `kubectl proxy`; not used otherwise."
            ),
            ConfigOption(
                "namespaces",
                "list of strings",
                default: "[]",
                example: "[ci, release]",
                "Only TaskRuns of these namespaces are followed; an empty list means all."
            ),
            ConfigOption(
                "label_selector",
                "string",
                default: "",
                example: "team=build",
                "Only TaskRuns with these labels are followed."
            ),
            ConfigOption(
                "taskrun_attributes",
                "list of strings",
                default: "[\(defaultTaskRunAttributes.joined(separator: ", "))]",
                example: "[taskrun]",
                "The span attributes that may name the TaskRun, preferred first: Tekton's and the proposed ones."
            ),
            ConfigOption(
                "namespace_attributes",
                "list of strings",
                default: "[\(defaultNamespaceAttributes.joined(separator: ", "))]",
                example: "[namespace]",
                "The span or resource attributes that may name its namespace, preferred first."
            ),
            ConfigOption(
                "step_transitions",
                "events | spans | none",
                default: "events",
                example: "spans",
                "Whether the waiting, queueing and running of a step are told as events of its span, as child spans, or not."
            ),
            ConfigOption(
                "image_pulls",
                "bool",
                default: "true",
                example: "false",
                "Adds a span for each image that was pulled."
            ),
            ConfigOption(
                "init_containers",
                "bool",
                default: "true",
                example: "false",
                "Adds a span for each init container."
            ),
            ConfigOption(
                "schedule",
                "bool",
                default: "true",
                example: "false",
                "Adds a span from the creation of the pod until it had a node."
            ),
            ConfigOption(
                "service_name",
                "string",
                default: "tekton-steps",
                example: "ci-steps",
                "The `service.name` of the added spans: the service under which Jaeger lists them."
            ),
            ConfigOption(
                "resource_attributes",
                "map of strings",
                default: "{}",
                example: "{k8s.cluster.name: prod}",
                "More resource attributes of the added spans."
            ),
            ConfigOption(
                "task_run_url",
                "string",
                default: "",
                example: "\"https://dashboard.example.com/#/namespaces/{namespace}/taskruns/{taskrun}\"",
                "Template of `cicd.pipeline.task.run.url.full`, with `{namespace}`, `{taskrun}`, `{pipelinerun}`, `{step}`."
            ),
            ConfigOption(
                "max_hold",
                "duration",
                default: "5s",
                example: "2s",
                "A span that is due rides on the next batch of its trace; when none comes within this time, it is sent alone."
            ),
            ConfigOption(
                "sighting_timeout",
                "duration",
                default: "5m",
                example: "1m",
                "How long the name of a TaskRun in a span waits for that TaskRun to show up in the API server."
            ),
            ConfigOption(
                "completed_max_age",
                "duration",
                default: "1h",
                example: "24h",
                "Nothing is added for TaskRuns that were over so long ago; `0` for no limit. Tekton's controller sends spans "
                    + "of all old TaskRuns again when it starts."
            ),
            ConfigOption(
                "max_tracked_task_runs",
                "int",
                default: "10000",
                example: "50000",
                "The most TaskRuns that are followed at a time; beyond it the oldest that are over are forgotten first."
            ),
            ConfigOption(
                "duration_metrics.enabled",
                "bool",
                default: "true",
                example: "false",
                "Tells how long steps and TaskRuns took, as histograms among the metrics."
            ),
            ConfigOption(
                "duration_metrics.buckets",
                "list of durations",
                default: "[1s, 2500ms, 5s, 10s, 30s, 1m, 2m, 5m, 10m, 30m, 1h]",
                example: "[10s, 1m, 10m]",
                "The upper bounds of the histograms' buckets, ascending; 50 at the most."
            ),
            ConfigOption(
                "duration_metrics.max_series",
                "int",
                default: "1000",
                example: "200",
                "The most histograms of steps, and of TaskRuns, one for each namespace, Task, step and result. Beyond it "
                    + "all others are counted in one."
            ),
        ] + ShardingConfiguration.options
}

extension DurationHistograms.Options {
    /// Takes all keys of the map.
    fileprivate init(from map: inout ConfigMap) throws(ConfigError) {
        self.init()
        isEnabled = try map.bool("enabled", default: isEnabled)
        let nodes = try map.nodes("buckets")
        if !nodes.isEmpty {
            var bounds: [Double] = []
            for node in nodes { bounds.append(try node.duration(in: .zero ... .seconds(1 << 32)) / .seconds(1)) }
            if bounds.count > 50 || bounds[0] <= 0 || !zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) {
                try map.report("\"buckets\" must be at most 50 durations above 0, each longer than the one before")
            }
            self.bounds = bounds
        }
        maxSeries = try map.int("max_series", default: maxSeries, in: 1...100_000)
        try map.finish()
    }
}

extension SpanOptions {
    fileprivate init(from map: inout ConfigMap) throws(ConfigError) {
        self.init()
        stepTransitions = try map.oneOf("step_transitions", default: stepTransitions)
        imagePulls = try map.bool("image_pulls", default: imagePulls)
        initContainers = try map.bool("init_containers", default: initContainers)
        schedule = try map.bool("schedule", default: schedule)
        serviceName = try map.string("service_name", default: serviceName)
        if serviceName.isEmpty { try map.report("\"service_name\" must not be empty") }
        // Sorted, so that the same configuration gives the same bytes.
        resourceAttributes = try map.stringMap("resource_attributes").sorted { $0.key < $1.key }
            .filter { !$0.value.isEmpty }
            .map { SpanAttribute($0.key, .string($0.value)) }
        for key in SpanResource.keys where resourceAttributes.contains(where: { $0.key == key }) {
            let instead = key == "service.name" ? ": use \"service_name\"" : ""
            try map.report("\"resource_attributes\" must not have \(key), which every added span has\(instead)")
        }
        taskRunURL = try map.string("task_run_url", default: "")
        if let name = TaskRunURL.unknownName(in: taskRunURL) {
            try map.report(
                "\"task_run_url\" has {\(name)}: there are {namespace}, {taskrun}, {pipelinerun} and {step}"
            )
        }
    }
}
