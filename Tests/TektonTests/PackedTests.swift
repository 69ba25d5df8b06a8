import Kubernetes
import Testing

@testable import Tekton

@Suite("Packed objects are what they were")
struct PackedTests {
    /// What is not packed, taken out.
    private func reduced(_ metadata: ObjectMeta, owner: String) -> ObjectMeta {
        var reduced = metadata
        reduced.resourceVersion = ""
        reduced.ownerReferences = metadata.ownerReferences.filter { $0.kind == owner }.prefix(1).map {
            OwnerReference(kind: owner, name: "", uid: $0.uid)
        }
        return reduced
    }

    private func check(_ changes: [Recording.Change], _ shared: inout SharedStrings) {
        var events: [String: PodEvents] = [:]
        for change in changes {
            switch change {
            case .taskRun(var taskRun, _):
                let packed = Packed(taskRun, sharing: &shared)
                taskRun.metadata = reduced(taskRun.metadata, owner: "PipelineRun")
                #expect(packed.value == taskRun)
            case .pod(var pod, _):
                let packed = Packed(pod, sharing: &shared)
                pod.metadata = reduced(pod.metadata, owner: "TaskRun")
                #expect(packed.value == pod)
            case .event(let event, _):
                events[event.podUID, default: PodEvents()].add(event)
            }
        }
        for events in events.values { #expect(Packed(events, sharing: &shared).value == events) }
    }

    @Test(arguments: Recording.scenarios)
    func recordedObjects(scenario: String) throws {
        var shared = SharedStrings()
        check(try Recording(scenario).changes.map(\.change), &shared)
    }

    @Test func objectsOfGeneratedRuns() {
        var shared = SharedStrings()
        let first = UInt64.random(in: 0 ..< .max / 2)
        for seed in first..<(first + 100) { check(SimulatedRun(seed: seed).changes, &shared) }
    }

    private struct Facts: Packable, Equatable {
        var integers: [Int] = []
        var times: [KubernetesTime?] = []
        var texts: [String?] = []

        init(integers: [Int] = [], times: [KubernetesTime?] = [], texts: [String?] = []) {
            self.integers = integers
            self.times = times
            self.texts = texts
        }

        func pack(into writer: inout PackWriter) {
            writer.write(integers.count)
            for integer in integers { writer.write(integer) }
            writer.write(times.count)
            for time in times { writer.write(time) }
            writer.write(texts.count)
            for text in texts {
                writer.write(text)
                writer.writeShared(text)
            }
        }

        init(unpacking reader: inout PackReader) {
            integers = (0..<reader.integer()).map { _ in reader.integer() }
            times = (0..<reader.integer()).map { _ in reader.time() }
            for _ in 0..<reader.integer() {
                let text = reader.text()
                texts.append(text == reader.text() ? text : "not the same")
            }
        }
    }

    /// Reasons are what a controller or a container runtime writes.
    @Test func textsComeBackToTheByteInWhateverNormalForm() {
        let texts = ["caf\u{e9}", "cafe\u{301}", "\u{212b}", "A\u{30a}", "\u{c5}"]
        let digests = texts.map { $0 + String(repeating: "0123456789abcdef", count: 4) }
        var shared = SharedStrings()
        for order in [texts + digests, (texts + digests).reversed()] {
            for facts in [Facts(texts: order)] + order.map({ Facts(texts: [$0]) }) {
                let value = Packed(facts, sharing: &shared).value
                #expect(value.texts.map { Array(($0 ?? "").utf8) } == facts.texts.map { Array(($0 ?? "").utf8) })
            }
        }
        let status = Pod.ContainerStatus(
            name: "step-a",
            state: ContainerState(terminated: ContainerState.Terminated(exitCode: 0, containerID: texts[0])),
            containerID: texts[1]
        )
        let unpacked = Packed(status, sharing: &shared).value
        #expect(unpacked.containerID.map { Array($0.utf8) } == Array(texts[1].utf8))
    }

    @Test func theOddestValuesComeBack() {
        let digest = String(repeating: "0123456789abcdef", count: 4)
        let facts = Facts(
            integers: [0, 1, -1, 63, 64, -64, -65, .max, .min],
            times: [nil, 0, 1, -1, 1_795_422_400_000_000_000, .max, .min, 1_000_000_000, .min + 1, nil].map {
                $0.map { KubernetesTime(unixNanoseconds: $0) }
            },
            texts: [
                nil, "", "x", "\u{e9}\u{1F600}", "321fac04-8da3-4d07-b482-100000000000",
                "321FAC04-8da3-4d07-b482-100000000000",
                "321fac04-8da3-4d07-b482-10000000000g", "321fac04-8da3-4d07-b482x100000000000", digest,
                "containerd://" + digest, "containerd://" + digest.uppercased(), digest + "0",
                String(digest.dropLast()),
                "\u{e9}" + digest, "", nil, "x",
            ]
        )
        var shared = SharedStrings()
        #expect(Packed(facts, sharing: &shared).value == facts)
    }
}
