public import Kubernetes
public import OTLP

extension Correlator {
    /// The options change. What is known stays; spans that are final already stay as they are.
    ///
    /// - Parameter others: how those count who may have to go on when this comes to nothing. Histograms of other bounds
    ///   cannot be gone on with, so theirs are counted in as well.
    public mutating func change(to options: CorrelatorOptions, besides others: [DurationHistograms.Options] = []) {
        let isOfSpans = options.spans != self.options.spans
        self.options = options
        histograms = (others + [options.durations]).reduce(into: []) { found, wanted in
            guard !found.contains(where: { $0.options == wanted }) else { return }
            found.append(durations(wanted) ?? DurationHistograms(options: wanted))
        }
        // They may have others by now.
        if isOfSpans { waiting.endWaiting() }
    }

    /// How long steps and TaskRuns took, as these options want it counted; nil when nobody has asked for it.
    public func durations(_ options: DurationHistograms.Options) -> DurationHistograms? {
        histograms.first { $0.options == options }
    }

    /// The names of TaskRuns that spans have named, with the trace: those that were found and of which spans may still come,
    /// and those that were not found. Where TaskRuns are shared nobody looks for names, and all that are followed count.
    public var sighted: [(key: ObjectKey, traceID: TraceID)] {
        let found = taskRuns.values.compactMap { entry -> (key: ObjectKey, traceID: TraceID)? in
            guard entry.isSighted || sharding != .off, entry.facts != nil || !entry.isIdle, let key = entry.key,
                let traceID = entry.traceID
            else {
                return nil
            }
            return (key, traceID)
        }
        return found + sightings.all
    }
}
