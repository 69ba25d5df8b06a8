/// What bounds the correlator: the options of `tekton_steps` that concern time and number.
public struct CorrelatorOptions: Sendable, Equatable {
    public var spans: SpanOptions
    /// A span that is due is sent on its own when no batch of its trace has come by for so long.
    public var maxHold: Duration
    /// How long a span's reference waits for the TaskRun it names.
    public var sightingTimeout: Duration
    /// Nothing is added for a TaskRun that was over so long ago; zero for no limit.
    public var completedMaxAge: Duration
    /// The most TaskRuns that are followed; beyond it those that were over first are forgotten.
    public var maxTrackedTaskRuns: Int
    public var durations = DurationHistograms.Options()

    public init(
        spans: SpanOptions = SpanOptions(),
        maxHold: Duration = .seconds(5),
        sightingTimeout: Duration = .seconds(300),
        completedMaxAge: Duration = .seconds(3600),
        maxTrackedTaskRuns: Int = 10_000
    ) {
        self.spans = spans
        self.maxHold = maxHold
        self.sightingTimeout = sightingTimeout
        self.completedMaxAge = completedMaxAge
        self.maxTrackedTaskRuns = maxTrackedTaskRuns
    }

    /// The watches of Pods and Events may be this far behind that of TaskRuns: what they may still tell is waited for.
    static let watchGrace: Duration = .seconds(2)
    /// Watches that cannot tell are waited for this long, from when they could not any more.
    static let watchOutageGrace: Duration = .seconds(300)
    /// A pod that the status names but no watch has shown counts as gone this long after the attempt.
    static let unseenPodGrace: Duration = .seconds(10)
    /// A pod whose containers do not end (its node is gone) counts as gone this long after the attempt: more than the
    /// usual grace period of a deletion.
    static let abandonedPodGrace: Duration = .seconds(120)
    /// Pods that unclaimed Events are kept for, and sightings that wait, at the most.
    var strayLimit: Int { max(4096, maxTrackedTaskRuns) }
}
