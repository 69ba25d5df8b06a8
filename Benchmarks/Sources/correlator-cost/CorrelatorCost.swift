import CMallocInfo
import Glibc
import Kubernetes
import OTLP
import Tekton

/// Measures the correlator alone, in one thread: memory for each TaskRun in flight, CPU for each change of an object and for
/// each batch, and what stays when all are finished and forgotten.
@main
struct CorrelatorCost {
    static let count = 10_000
    static let referencesInBatch = 50

    static func main() {
        let cluster = Cluster()
        var correlator = Correlator(options: CorrelatorOptions(maxTrackedTaskRuns: 2 * count))
        let empty = allocatedBytes()

        var events = 0
        let filling = cpuSeconds {
            for index in 0..<count {
                correlator.apply(cluster.taskRun(index, ended: 0), now: moment(0))
                sight(index, cluster, &correlator)
                correlator.apply(cluster.pod(index, ended: 0), now: moment(0))
                events += 2
            }
            pass(10, &correlator)
        }
        let full = allocatedBytes()
        tell("memory for a TaskRun in flight", Double(full - empty) / Double(count), "bytes")
        tell("CPU for a change of an object, first sight", filling / Double(events) * 1e6, "us")

        events = 0
        let running = cpuSeconds {
            for ended in 1..<Cluster.steps.count {
                for index in 0..<count {
                    correlator.apply(cluster.pod(index, ended: ended), now: moment(20))
                    correlator.apply(cluster.taskRun(index, ended: ended), now: moment(20))
                    events += 2
                }
            }
        }
        tell("CPU for a change of an object, a step has ended", running / Double(events) * 1e6, "us")

        let batches = count / referencesInBatch
        let batch = cpuSeconds {
            for batch in 0..<batches {
                let indices = (batch * referencesInBatch)..<((batch + 1) * referencesInBatch)
                for index in indices { sight(index, cluster, &correlator) }
                accept(correlator.take(from: indices.map { cluster.context($0).traceID }), &correlator)
            }
        }
        tell(
            "CPU for a batch with \(referencesInBatch) references, all with due spans",
            batch / Double(batches) * 1e6,
            "us"
        )
        let idle = cpuSeconds {
            for _ in 0..<10 {
                for index in 0..<count { sight(index, cluster, &correlator) }
            }
        }
        tell("CPU for a batch with \(referencesInBatch) references, none due", idle / Double(10 * batches) * 1e6, "us")

        for index in 0..<count {
            correlator.apply(cluster.pod(index, ended: Cluster.steps.count), now: moment(30))
            correlator.apply(cluster.taskRun(index, ended: Cluster.steps.count), now: moment(30))
        }
        wait(from: 30, &correlator)
        for seconds in [35, 40, 50] as [Int64] { pass(seconds, &correlator) }
        tell("memory for a TaskRun that is finished", Double(allocatedBytes() - empty) / Double(count), "bytes")
        for seconds in [4000, 4400] as [Int64] { pass(seconds, &correlator) }
        tell("TaskRuns remembered after completed_max_age", Double(correlator.trackedTaskRunCount), "")
        tell("memory for a TaskRun that is forgotten", Double(allocatedBytes() - empty) / Double(count), "bytes")
    }

    /// All are over since second `start`, and wait two seconds for what the watches may still tell.
    private static func wait(from start: Int64, _ correlator: inout Correlator) {
        // Goes through the memory as well, as one does every five seconds.
        correlator.tick(now: moment(start))
        let waiting = cpuSeconds {
            for tick in 1...9 { correlator.tick(now: moment(start, milliseconds: Int64(tick) * 200)) }
        }
        tell("CPU for a tick, \(count) TaskRuns wait", waiting / 9 * 1e6, "us")
        var holds: [Double] = []
        var isMore = true
        while isMore {
            holds.append(cpuSeconds { isMore = correlator.tick(now: moment(start + 2), limit: 100) })
        }
        tell("CPU for \(count) TaskRuns that are due in one tick", holds.reduce(0, +) * 1e6, "us")
        tell("the longest hold of it, 100 TaskRuns at a time", (holds.max() ?? 0) * 1e6, "us")
        pass(start + 2, &correlator)
    }

    private static func sight(_ index: Int, _ cluster: Cluster, _ correlator: inout Correlator) {
        correlator.sighted(
            namespace: "continuous-integration".utf8,
            taskRun: cluster.name(index).utf8,
            traceID: cluster.context(index).traceID,
            now: moment(0)
        )
    }

    private static func pass(_ seconds: Int64, _ correlator: inout Correlator) {
        correlator.tick(now: moment(seconds))
        while true {
            let injection = correlator.takeOverdue(now: moment(seconds))
            if injection.isEmpty { return }
            accept(injection, &correlator)
        }
    }

    private static func accept(_ injection: Injection, _ correlator: inout Correlator) {
        correlator.confirm(injection)
    }

    private static func moment(_ seconds: Int64, milliseconds: Int64 = 0) -> Moment {
        Moment(
            wall: KubernetesTime(unixNanoseconds: (1_795_422_470 + seconds) * 1_000_000_000 + milliseconds * 1_000_000),
            uptime: .seconds(seconds) + .milliseconds(milliseconds)
        )
    }

    private static func allocatedBytes() -> Int {
        let info = mallinfo2()
        return Int(info.uordblks + info.hblkhd)
    }

    private static func cpuSeconds(_ body: () -> Void) -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = now()
        body()
        return now() - start
    }

    private static func tell(_ what: String, _ value: Double, _ unit: String) {
        let tenths = Int((value * 10).rounded())
        print("\(what): \(tenths / 10).\(abs(tenths % 10)) \(unit)")
    }
}
