import FoundationEssentials
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

@testable import Collector

/// Writes down what test components do, in order.
final class Journal: Sendable {
    private let entries = Mutex<[String]>([])
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation
    /// Names of components that are gone.
    private let freed: AsyncStream<String>
    private let freeing: AsyncStream<String>.Continuation
    private let held = AsyncStream<Void>.makeStream()
    /// What receivers hand their batches to.
    private let inputs = Mutex<[String: any TraceConsumer]>([:])

    init() {
        (stream, continuation) = AsyncStream.makeStream()
        (freed, freeing) = AsyncStream.makeStream()
    }

    var all: [String] { entries.withLock { $0 } }

    func add(_ entry: String) {
        entries.withLock { $0.append(entry) }
        continuation.yield(entry)
    }

    /// Returns once an entry contains `text`; call it from one task only.
    func wait(for text: String) async {
        for await entry in stream where entry.contains(text) { return }
    }

    func letGo() { held.continuation.finish() }

    func waitToBeLetGo() async { for await _ in held.stream {} }

    func free(_ name: String) { freeing.yield(name) }

    /// Returns once nobody has the component any more; call it from one task only.
    func waitForEnd(of name: String) async {
        for await freed in freed where freed == name { return }
    }

    func setInput(_ receiver: String, _ consumer: (any TraceConsumer)?) { inputs.withLock { $0[receiver] = consumer } }

    /// Hands a batch to what is behind a receiver, and returns which components it has come to.
    func way(of batch: String, from receiver: String) -> [String] {
        inputs.withLock { $0[receiver] }?.consume(TraceBatch(body: ByteBuffer(string: batch))) { _ in }
        return all.filter { $0.hasPrefix("\(batch) at ") }.map { String($0.dropFirst("\(batch) at ".count)) }
    }

    /// A logger whose lines are entries: level, component and message.
    func logger(_ label: String) -> Logger {
        Logger(label: label) { label in
            CollectorLogHandler(label: label, settings: LogSettings(LogsConfiguration()), now: { .distantPast }) {
                line in
                self.add(line.split(separator: "\t").dropFirst().joined(separator: " ").replacing("\n", with: ""))
            }
        }
    }
}

/// The options of every test component: how it behaves.
struct TestConfiguration: ComponentConfiguration {
    enum Failure: String, CaseIterable {
        case none
        case create
        case run
        case end
        case hang
        /// Never says that it has started.
        case silent
    }

    var failure: Failure
    var size: Int
    /// An extension it looks up.
    var uses: String?
    var checks: Bool
    var isExclusive: Bool
    /// It ends when ``Journal/letGo()`` is called.
    var isHeld: Bool

    init(from map: inout ConfigMap) throws(ConfigError) {
        failure = try map.oneOf("failure", default: .none)
        var limits = try map.map("limits")
        size = try limits.int("size", default: 5)
        try limits.finish()
        uses = try map.optionalString("uses")
        checks = try map.bool("checks", default: false)
        isExclusive = try map.bool("exclusive", default: false)
        isHeld = try map.bool("held", default: false)
    }

    static let options = [
        ConfigOption("failure", "none | create | run | end | hang", default: "none", example: "run", "How it fails."),
        ConfigOption("limits.size", "int", default: "5", example: "6", "A limit."),
    ]
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
}

/// A component of any kind that passes batches on, or takes them when it is an exporter.
final class TestComponent: Service, TraceConsumer, ExclusiveComponent, FileReadingComponent {
    let configuration: TestConfiguration
    let context: ComponentContext
    let journal: Journal
    let next: (any TraceConsumer)?

    init(
        _ configuration: any ComponentConfiguration,
        _ context: ComponentContext,
        _ journal: Journal,
        next: (any TraceConsumer)? = nil
    ) throws {
        guard let configuration = configuration as? TestConfiguration else {
            throw TestFailure(description: "not its configuration")
        }
        if configuration.failure == .create { throw TestFailure(description: "no certificate") }
        self.configuration = configuration
        self.context = context
        self.journal = journal
        self.next = next
        if let uses = configuration.uses, context.extensions.extension(ComponentID(type: uses)) == nil {
            throw TestFailure(description: "\(uses) is not there")
        }
        let predecessor = (context.predecessor as? TestComponent).map { " after \($0.name)" } ?? ""
        journal.add("create \(name)\(predecessor)")
    }

    deinit { journal.free(name) }

    /// With its size, when that is not the default.
    var name: String { configuration.size == 5 ? "\(context.id)" : "\(context.id)(\(configuration.size))" }

    var checksWellFormedness: Bool { configuration.checks }

    var isExclusive: Bool { configuration.isExclusive }

    func rereadFiles() { if configuration.size > 100 { journal.add("reread \(name)") } }

    func run() async throws {
        if configuration.failure == .run { throw TestFailure(description: "address already in use") }
        if configuration.failure != .silent { context.report(.ok) }
        if configuration.failure == .end { return }
        if configuration.failure == .hang {
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(600)) }
            return
        }
        try? await gracefulShutdown()
        if configuration.isHeld { await journal.waitToBeLetGo() }
        journal.add("stop \(name)")
    }

    func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        journal.add("\(String(buffer: batch.body)) at \(name)")
        if let next {
            next.consume(batch, completion)
        } else {
            completion(.accepted(spanCount: 1))
        }
    }

    static func factories(_ journal: Journal) -> [ComponentFactory] {
        func factory(_ type: String, aliases: [String] = [], _ make: ComponentFactory.Make) -> ComponentFactory {
            ComponentFactory(
                type: type,
                aliases: aliases,
                stability: "beta",
                configuration: TestConfiguration.self,
                make: make
            )
        }
        return [
            factory("in", .receiver { try TestReceiver(component: TestComponent($0, $1, journal, next: $2)) }),
            factory("pass", .processor { try TestComponent($0, $1, journal, next: $2) }),
            factory("out", aliases: ["output"], .exporter { try TestComponent($0, $1, journal) }),
            factory("health", .extension { try TestComponent($0, $1, journal) }),
        ]
    }
}

/// A receiver that takes in one batch, named after itself, when everything is ready.
struct TestReceiver: Service {
    let component: TestComponent

    func run() async throws {
        let (context, journal) = (component.context, component.journal)
        journal.setInput("\(context.id)", component.next)
        component.next?.consume(TraceBatch(body: ByteBuffer(string: "batch"))) { result in
            journal.add("\(context.id) \(result)")
        }
        try await component.run()
    }
}
