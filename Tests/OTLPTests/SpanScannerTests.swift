import OTLP
import Testing

@Suite("Span scanner: what it tells of spans")
struct SpanScannerTests {
    private func onlySpan(_ bytes: [UInt8]) throws -> SpanFacts {
        let spans = try scanned(bytes).get()
        try #require(spans.count == 1)
        return spans[0]
    }

    @Test("An empty body has no spans")
    func emptyBody() throws {
        #expect(try scanned([]).get().isEmpty)
    }

    @Test("Ids, name and references are found, whatever the order of the fields")
    func fieldsInAnyOrder() throws {
        let span = try onlySpan(
            request {
                $0.attribute(9, "namespace", "ci")
                $0.field(4, bytes: [UInt8](repeating: 3, count: 8))
                $0.field(5, string: "ReconcileKind")
                $0.attribute(9, "taskrun", "build-1")
                $0.field(2, bytes: [0, 0, 0, 0, 0, 0, 0, 2])
                $0.field(1, bytes: [1] + [UInt8](repeating: 0, count: 14) + [9])
            }
        )
        #expect(span.traceID.hex == "01000000000000000000000000000009")
        #expect(span.spanID.hex == "0000000000000002")
        #expect(span.parentSpanID.hex == "0303030303030303")
        #expect(span.name == "ReconcileKind")
        #expect(span.taskRun == "build-1")
        #expect(span.namespace == "ci")
    }

    @Test("A span without ids is accepted, with ids that are not valid")
    func missingIDs() throws {
        let span = try onlySpan(request { $0.field(1, bytes: []) })
        #expect(!span.traceID.isValid && !span.spanID.isValid && !span.parentSpanID.isValid)
    }

    @Test("The preferred key wins, wherever it stands; among equal keys the first")
    func preference() throws {
        let span = try onlySpan(
            request {
                $0.attribute(9, "tekton.task_run.name", "new")
                $0.attribute(9, "taskrun", "first")
                $0.attribute(9, "taskrun", "second")
                $0.attribute(9, "tekton.task_run.name", "newer")
            }
        )
        #expect(span.taskRun == "first")
    }

    @Test("A value that is no string, or an empty one, does not count")
    func unusableValues() throws {
        let span = try onlySpan(
            request {
                $0.field(9) {
                    $0.field(1, string: "taskrun")
                    $0.field(2) { $0.field(3, varint: 7) }
                }
                $0.attribute(9, "namespace", "")
                $0.attribute(9, "tekton.task_run.name", "build-1")
            }
        )
        #expect(span.taskRun == "build-1")
        #expect(span.namespace == nil)
    }

    @Test("The span's namespace wins over its resource's, which may stand behind the spans, in pieces")
    func resourceNamespace() throws {
        let body = wire {
            $0.field(1) {
                $0.field(2) {
                    $0.field(2) { $0.field(5, string: "a") }
                    $0.field(2) { $0.attribute(9, "k8s.namespace.name", "own") }
                }
                $0.field(1) { $0.attribute(1, "k8s.namespace.name", "resource") }
                $0.field(1) { $0.attribute(1, "namespace", "preferred") }
                $0.field(1) { $0.attribute(1, "taskrun", "not looked for in resources") }
            }
            $0.field(1) { $0.field(2) { $0.field(2) { $0.field(5, string: "b") } } }
        }
        let spans = try scanned(body).get()
        #expect(spans.map(\.namespace) == ["preferred", "own", nil])
        #expect(spans.allSatisfy { $0.taskRun == nil })
    }

    @Test("Of a field that occurs twice, the last wins")
    func lastScalarWins() throws {
        let span = try onlySpan(
            request {
                $0.field(5, string: "first")
                $0.field(2, bytes: [UInt8](repeating: 1, count: 8))
                $0.field(5, string: "last")
                $0.field(2, bytes: [])
                $0.field(9) {
                    $0.field(1, string: "taskrux")
                    $0.field(1, string: "taskrun")
                    $0.field(2) { $0.field(1, string: "build-1") }
                }
            }
        )
        #expect(span.name == "last")
        #expect(!span.spanID.isValid)
        #expect(span.taskRun == "build-1")
    }

    @Test("A value in pieces is merged: an empty piece changes nothing, another kind takes its place")
    func mergedValues() throws {
        let span = try onlySpan(
            request {
                $0.field(9) {
                    $0.field(2) { $0.field(1, string: "build-1") }
                    $0.field(2) { _ in }
                    $0.field(1, string: "taskrun")
                }
                $0.field(9) {
                    $0.field(1, string: "namespace")
                    $0.field(2) { $0.field(1, string: "ci") }
                    $0.field(2) { $0.field(5) { _ in } }
                }
            }
        )
        #expect(span.taskRun == "build-1")
        #expect(span.namespace == nil)
    }

    @Test("Unknown fields, groups and known fields of another wire type are passed over")
    func unknownFields() throws {
        let span = try onlySpan(
            request {
                $0.field(5, varint: 1)
                $0.field(1, varint: 1)
                $0.field(536_870_911, bytes: [0xFF])
                $0.group(9) {
                    $0.field(1, string: "taskrun")
                    $0.group(2) { $0.field(1, bytes: [0xFF]) }
                }
                $0.field(5, string: "name")
            }
        )
        #expect(span == SpanFacts(name: "name"))
    }

    @Test("Concatenated requests are one request")
    func concatenation() throws {
        let one = request { $0.field(5, string: "one") }
        let two = request { $0.field(5, string: "two") }
        #expect(try scanned(one + two + one).get().map(\.name) == ["one", "two", "one"])
    }

    @Test("Ranges count from the start of the body")
    func ranges() throws {
        let body = request {
            $0.field(5, string: "name")
            $0.attribute(9, "taskrun", "build-1")
        }
        var ranges: [Range<Int>] = []
        _ = try scanner.scan(body.span.bytes) { ranges = [$0.name, $0.taskRun ?? 0..<0] }
        #expect(ranges.map { String(decoding: body[$0], as: UTF8.self) } == ["name", "build-1"])
    }
}
