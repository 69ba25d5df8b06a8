public import Kubernetes
public import OTLP

extension Correlator {
    /// The options change. What is known stays; spans that are final already stay as they are.
    public mutating func change(to options: CorrelatorOptions) {
        guard options != self.options else { return }
        // Histograms of other bounds cannot be gone on with.
        if options.durations != self.options.durations {
            durations = DurationHistograms(options: options.durations)
        }
        let isOfSpans = options.spans != self.options.spans
        self.options = options
        // They may have others by now.
        if isOfSpans { waiting.endWaiting() }
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
