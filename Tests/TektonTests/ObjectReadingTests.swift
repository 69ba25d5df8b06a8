import FoundationEssentials
import Testing

@testable import Kubernetes
@testable import Tekton

/// Objects are read by a reader of our own, which makes nothing of what it passes over. It must read what Foundation's
/// decoder reads, and be no easier to upset.
@Suite("Objects are read as Foundation's decoder reads them")
struct ObjectReadingTests {
    @Test(arguments: Recording.scenarios)
    func recordedObjects(scenario: String) throws {
        for text in try Self.texts("taskruns", in: scenario) { try compare(text, FoundationTaskRun.self) }
        for text in try Self.texts("pods", in: scenario) { try compare(text, FoundationPod.self) }
        for text in try Self.texts("events", in: scenario) { try compare(text, FoundationEvent.self) }
    }

    private func compare<Object: FoundationObject>(_ text: [UInt8], _ type: Object.Type) throws {
        #expect(try Object.Value(json: text) == LenientFoundationObject<Object>.read(text).object)
    }

    /// `STEPTRACE_FUZZ_ITERATIONS` sets their number, `STEPTRACE_FUZZ_SEED` the seed of the first.
    @Test("So it is with whatever the texts are changed to")
    func mutatedObjectsFuzz() throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["STEPTRACE_FUZZ_ITERATIONS"].flatMap { UInt64($0) } ?? 4_000
        let first = environment["STEPTRACE_FUZZ_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ..< .max / 2)
        let scenarios = ["retries", "pipelinerun", "onerror-continue", "image-pull-backoff", "sidecar"]
        let taskRuns = try scenarios.flatMap { try Self.texts("taskruns", in: $0).suffix(2) }
        let pods = try scenarios.flatMap { try Self.texts("pods", in: $0).suffix(1) }
        let events = try scenarios.flatMap { try Self.texts("events", in: $0).suffix(2) }
        var outcomes = Outcomes()
        for seed in first..<(first + count) {
            var mutation = JSONMutation(seed: seed)
            let problem =
                switch seed % 4 {
                case 0: difference(mutation.mutated(pods), FoundationPod.self, &outcomes)
                case 1: difference(mutation.mutated(events), FoundationEvent.self, &outcomes)
                default: difference(mutation.mutated(taskRuns), FoundationTaskRun.self, &outcomes)
                }
            if let problem {
                Issue.record("STEPTRACE_FUZZ_SEED=\(seed) STEPTRACE_FUZZ_ITERATIONS=1: \(problem)")
                return
            }
        }
        // The mutations reach all of it.
        if count >= 4_000 {
            #expect(outcomes.malformed > count / 20)
            #expect(outcomes.unreadable > count / 20)
            #expect(outcomes.read > count / 20)
        }
    }

    struct Outcomes {
        var malformed = 0
        var unreadable = 0
        var read = 0
    }

    private func difference<Object: FoundationObject>(
        _ text: [UInt8],
        _ type: Object.Type,
        _ outcomes: inout Outcomes
    ) -> String? {
        let expected = try? LenientFoundationObject<Object>.read(text)
        let found: LenientObject<Object.Value>
        do {
            var reader = JSONReader(text)
            found = try LenientObject(reading: &reader)
            try reader.end()
        } catch {
            outcomes.malformed += 1
            // Foundation lets a comma stand before the end of an object or array, RFC 8259 does not.
            if expected == nil || hasTrailingComma(text) { return nil }
            return "\(error): \(String(decoding: text, as: UTF8.self))"
        }
        guard let expected else { return "not refused: \(String(decoding: text, as: UTF8.self))" }
        if found.object == nil { outcomes.unreadable += 1 } else { outcomes.read += 1 }
        if found.object == expected.object, found.key == expected.key, found.resourceVersion == expected.resourceVersion
        {
            return nil
        }
        return """
            read \(String(describing: found)), not \(String(describing: expected)) from: \
            \(String(decoding: text, as: UTF8.self))
            """
    }

    private func hasTrailingComma(_ text: [UInt8]) -> Bool {
        let space: Set<UInt8> = [0x20, 0x0A, 0x0D, 0x09]
        let dense = text.filter { !space.contains($0) }
        return zip(dense, dense.dropFirst()).contains { comma, end in
            comma == UInt8(ascii: ",") && (end == UInt8(ascii: "}") || end == UInt8(ascii: "]"))
        }
    }

    /// The objects of the watch of one kind, as texts.
    static func texts(_ kind: String, in scenario: String) throws -> [[UInt8]] {
        let path = Fixtures.path("recordings/\(scenario)/\(kind).watch.jsonl")
        let lines = [UInt8](try Data(contentsOf: URL(filePath: path))).split(separator: UInt8(ascii: "\n"))
        return lines.compactMap { line in
            // It is the last value of the last value.
            guard let start = line.firstRange(of: Array(#""object":"#.utf8)) else { return nil }
            return Array(line[start.upperBound...].dropLast(2))
        }
    }
}
