import Synchronization

/// Facts about the program for people, page by page: what the extension `zpages` shows. Components add what they know;
/// nobody else knows of them.
public final class InspectionRegistry: Sendable {
    /// The tables of a page as they are now; nil when there is nobody any more who could tell.
    public typealias Inspector = @Sendable (InspectionRequest) -> [InspectionTable]?

    private let inspectors = Mutex<[(page: String, owner: String, inspector: Inspector)]>([])

    public init() {}

    /// - Parameters:
    ///   - page: such as `taskrunz`; several may add to one.
    ///   - owner: one life of a component, as in ``MetricsRegistry``; empty for the program itself.
    ///   - inspector: called on event loops; must not block, and hold nothing that should be freed.
    public func add(_ page: String, owner: String = "", _ inspector: @escaping Inspector) {
        inspectors.withLock { $0.append((page, owner, inspector)) }
    }

    /// Forgets all that an owner has added.
    func remove(_ owner: String) { inspectors.withLock { $0.removeAll { $0.owner == owner } } }

    /// The names of all pages, sorted.
    public var pages: [String] { Set(inspectors.withLock { $0.map(\.page) }).sorted() }

    /// Nil for a page that nobody knows.
    public func tables(_ page: String, _ request: InspectionRequest) -> [InspectionTable]? {
        let all = inspectors.withLock { inspectors in inspectors.filter { $0.page == page } }
        let tables = all.compactMap { $0.inspector(request) }
        return tables.isEmpty ? nil : tables.flatMap(\.self)
    }
}

/// Which rows of long tables are wanted.
public struct InspectionRequest: Sendable, Equatable {
    public let offset: Int
    public let limit: Int

    public init(offset: Int = 0, limit: Int = 100) {
        self.offset = offset
        self.limit = limit
    }
}

/// A table of facts, as plain text.
public struct InspectionTable: Sendable, Equatable {
    public let title: String
    public let columns: [String]
    public let rows: [[String]]
    /// How many rows there are altogether.
    public let total: Int

    public init(_ title: String, columns: [String], rows: [[String]], total: Int? = nil) {
        self.title = title
        self.columns = columns
        self.rows = rows
        self.total = total ?? rows.count
    }
}
