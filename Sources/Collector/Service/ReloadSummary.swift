/// What a change of the configuration does to the components.
public struct ReloadSummary: Sendable {
    /// In the order in which they are started.
    let new: [PipelineGraph.Node]
    /// In the order in which they were started.
    let leaving: [PipelineGraph.Node]
    /// Those that run on.
    let staying: [PipelineGraph.Node]

    init(from old: PipelineGraph, to graph: PipelineGraph) {
        let (before, after) = (Set(old.nodes.map(\.instance)), Set(graph.nodes.map(\.instance)))
        new = graph.nodes.filter { !before.contains($0.instance) }
        leaving = old.nodes.filter { !after.contains($0.instance) }
        staying = graph.nodes.filter { before.contains($0.instance) }
    }

    /// The keys of components that were not there before.
    public var added: [String] { Self.keys(new, without: leaving) }
    /// Those that are not there any more.
    public var removed: [String] { Self.keys(leaving, without: new) }
    /// Those that were made anew, because they are configured in another way, or what they use is.
    public var replaced: [String] { new.map(\.instance.key).filter { !added.contains($0) } }
    /// The number of those that run on.
    public var kept: Int { staying.count }

    private static func keys(_ nodes: [PipelineGraph.Node], without others: [PipelineGraph.Node]) -> [String] {
        let others = Set(others.map(\.instance.key))
        return nodes.map(\.instance.key).filter { !others.contains($0) }
    }
}
