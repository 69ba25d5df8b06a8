import Logging

/// Starts and stops components in their order, and notices when one ends that should not.
actor ComponentSupervisor {
    private let board: StatusBoard
    private let makeLogger: @Sendable (String) -> Logger
    /// Called when a component that counts has ended by itself.
    private let onFailure: @Sendable () -> Void
    /// All that have been started and have not ended.
    private var running: [ComponentInstance: RunningComponent] = [:]
    /// The components that count; a failure of one of these is the end of all.
    private var current: [PipelineGraph.Node] = []
    private var isStopping = false
    /// Why the whole has to end.
    private(set) var failure: ComponentFailure?

    init(
        board: StatusBoard,
        makeLogger: @escaping @Sendable (String) -> Logger,
        onFailure: @escaping @Sendable () -> Void
    ) {
        self.board = board
        self.makeLogger = makeLogger
        self.onFailure = onFailure
    }

    /// Starts the components of the first configuration in their order, each once the one before has started.
    func startFirst(_ nodes: [PipelineGraph.Node]) async {
        current = nodes
        for node in nodes where !isStopping { _ = await start(node) }
    }

    /// Starts `new` components, and makes `nodes` those that count, which have the new ones among them.
    ///
    /// - Parameter limit: how long each of them may take.
    /// - Returns: false when everything is being stopped.
    /// - Throws: the failure of one that cannot work, or takes too long. Those before it run on, and do not count.
    func start(
        _ new: [PipelineGraph.Node],
        toHave nodes: [PipelineGraph.Node],
        within limit: Duration
    ) async throws(ComponentFailure) -> Bool {
        for node in new {
            guard !isStopping else { return false }
            let board = board
            let timer = Task {
                guard (try? await Task.sleep(for: limit)) != nil else { return }
                board.giveUp(node.instance, "it has not started within \(GoDuration.format(limit))")
            }
            defer { timer.cancel() }
            if case .permanentError(let reason) = await start(node) {
                throw ComponentFailure(component: node.instance.key, phase: .run, reason: reason)
            }
        }
        guard !isStopping else { return false }
        if let gone = new.first(where: { running[$0.instance] == nil }) {
            throw ComponentFailure(component: gone.instance.key, phase: .run, reason: "it ended by itself")
        }
        current = nodes
        return true
    }

    private func start(_ node: PipelineGraph.Node) async -> ComponentStatus {
        let instance = node.instance
        running[instance] = RunningComponent(node, board: board, logger: makeLogger(instance.key)) { failure in
            await self.ended(instance, failure)
        }
        return await board.started(instance)
    }

    /// Stops components: receivers, then processors from the front of their pipelines, then exporters, then extensions.
    /// What is not done at `deadline` is cancelled.
    ///
    /// Those that hand nothing to each other are stopped at a time: one that hangs takes no other's time.
    ///
    /// - Parameter nodes: in the order in which they were started.
    func stop(_ nodes: [PipelineGraph.Node], deadline: ContinuousClock.Instant) async {
        for kind in [ComponentKind.receiver, .processor, .exporter, .extension] {
            let nodes = nodes.reversed().filter { $0.component.factory.kind == kind }
            let rows =
                kind == .processor ? Array(Dictionary(grouping: nodes, by: \.pipeline).values) : nodes.map { [$0] }
            await withTaskGroup { tasks in
                for row in rows {
                    let components = row.compactMap { running[$0.instance] }
                    tasks.addTask { for component in components { await component.stop(deadline: deadline) } }
                }
            }
        }
    }

    /// Stops everything, and starts nothing any more: receivers first, extensions last.
    func stopAll(deadline: ContinuousClock.Instant) async {
        isStopping = true
        let counting = Set(current.map(\.instance))
        // These are leaving, or had just been started: before others of their pipeline.
        let others = running.values.map(\.node).filter { !counting.contains($0.instance) }
            .sorted { $0.instance.number < $1.instance.number }
        await stop(current + others, deadline: deadline)
    }

    private func ended(_ instance: ComponentInstance, _ failure: ComponentFailure?) {
        running[instance] = nil
        board.ended(instance)
        guard let failure, self.failure == nil, !isStopping, current.contains(where: { $0.instance == instance })
        else { return }
        self.failure = failure
        // Told again at the very end; here it stands before all that follows from it.
        makeLogger(instance.key).error("The component has failed.", metadata: ["error": "\(failure.reason)"])
        onFailure()
    }
}
