import Collector
import HTTPServer
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// The `zpages` extension: what components tell of themselves, as HTML without scripts.
final class ZPagesExtension: Service, HTTPServerHandler, FileReadingComponent {
    static let prefix = "/debug/"
    private static let rowsOfPage = 100

    private let configuration: ZPagesConfiguration
    private let context: ComponentContext
    private let tls: TLSContextSource?

    static let factory = ComponentFactory.extension(type: "zpages", stability: "beta", ZPagesConfiguration.self) {
        try ZPagesExtension($0, context: $1)
    }

    init(_ configuration: ZPagesConfiguration, context: ComponentContext) throws {
        self.configuration = configuration
        self.context = context
        tls = try configuration.server.tls.map { try TLSContextSource($0, logger: context.logger) }
        let metrics = context.metrics
        context.inspect("queuez") { [weak self, weak metrics] request in
            guard self != nil, let metrics else { return nil }
            return [Self.exporters(metrics.collect(), request)]
        }
    }

    func rereadFiles() { tls?.reload(isAsked: true) }

    func run() async throws {
        let guarded = try GuardedHandler.make(self, configuration.server, context) { message, _ in
            .text(.unauthorized, "\(message)\n")
        }
        try await context.serve(
            configuration.server.server(tls: tls),
            guarded,
            path: "extensions::\(context.id)::endpoint"
        ) { $0.info("Starting zPages extension", metadata: ["endpoint": "\($1)"]) }
    }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        guard method == .GET || method == .HEAD else {
            return .respond(.text(.methodNotAllowed, "405 method not allowed, supported: [GET]\n"))
        }
        // The query comes with the whole request.
        return .read(maxBodyBytes: 0)
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse {
        .text(.badRequest, "400 a request for a page has no body\n")
    }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        responder.respond(answer(path: request.path, query: request.query))
    }

    private func answer(path: String, query: String) -> HTTPServerResponse {
        let inspections = context.metrics.inspections
        let pages = inspections.pages
        if path == "/" || path == "/debug" || path == Self.prefix {
            return .page(ZPagesHTML.index(pages))
        }
        let offset = query.split(separator: "&").first { $0.hasPrefix("offset=") }.flatMap { Int($0.dropFirst(7)) }
        let request = InspectionRequest(offset: min(max(0, offset ?? 0), 1 << 31), limit: Self.rowsOfPage)
        guard path.hasPrefix(Self.prefix), let page = pages.first(where: { $0 == path.dropFirst(Self.prefix.count) }),
            let tables = inspections.tables(page, request)
        else { return .page(ZPagesHTML.index(pages), status: .notFound) }
        return .page(ZPagesHTML.page(page, tables, request))
    }

    /// Everything that is counted by exporter: its queue above all.
    static func exporters(_ metrics: MetricSink, _ request: InspectionRequest) -> InspectionTable {
        var rows: [[String]] = []
        for (metric, series) in metrics.families {
            for one in series {
                guard let exporter = one.labels.first(where: { $0.name == "exporter" }),
                    case .number(let number) = one.value
                else { continue }
                let others = one.labels.filter { $0.name != "exporter" }.map { "\($0.name)=\($0.value)" }
                let value = Int(exactly: number).map { "\($0)" } ?? "\(number)"
                rows.append([exporter.value, metric.name, others.joined(separator: ", "), value, metric.help])
            }
        }
        rows.sort { $0.lexicographicallyPrecedes($1) }
        return InspectionTable(
            "Exporters and their queues",
            columns: ["Exporter", "Metric", "Labels", "Value", "Meaning"],
            rows: Array(rows.dropFirst(request.offset).prefix(request.limit)),
            total: rows.count
        )
    }
}

extension HTTPServerResponse {
    fileprivate static func page(_ html: String, status: HTTPResponseStatus = .ok) -> Self {
        HTTPServerResponse(
            status: status,
            headers: [
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
            ],
            body: ByteBuffer(string: html)
        )
    }
}
