internal import Compression
internal import HTTPServer
internal import NIOCore
public import NIOHTTP1
internal import NIOPosix
public import OTLP
internal import SwiftProtobuf

/// A backend for OTLP/HTTP on 127.0.0.1 that keeps what it is sent and can misbehave on request.
public final class RecordingBackend: Sendable {
    /// What it does with requests.
    public enum Behavior: Sendable, Equatable {
        case accept
        /// Answers with an error and keeps nothing. `retryAfter` is the header's value, `times` after how many such
        /// answers it accepts again (nil: never).
        case reject(status: Int, retryAfter: String? = nil, times: Int? = nil)
        /// Accepts, and answers after a while.
        case slow(Duration)
        /// Keeps what it is sent and never answers.
        case hang
    }

    /// A request that was accepted.
    public struct Request: Sendable {
        public let path: String
        public let headers: HTTPHeaders
        /// Decompressed.
        public let body: [UInt8]
    }

    /// Everything so far.
    public struct Contents: Sendable {
        public fileprivate(set) var requests: [Request] = []
        /// The spans of all accepted requests, in the order of their arrival.
        public fileprivate(set) var spans: [RawSpan] = []
        /// Requests that were answered with an error or not at all.
        public fileprivate(set) var rejectedCount = 0
        /// Why requests could not be read. They were answered with 400.
        public fileprivate(set) var malformed: [String] = []

        /// The spans that steptrace added.
        public var injected: [RawSpan] { spans.filter(\.isInjected) }

        /// The decoded requests.
        public var resourceSpans: [Opentelemetry_Proto_Trace_V1_ResourceSpans] {
            requests.flatMap {
                let decoded = try? Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(
                    serializedBytes: $0.body
                )
                return decoded?.resourceSpans ?? []
            }
        }
    }

    struct State: Sendable {
        var contents = Contents()
        var behavior = Behavior.accept
        var hanging: [HTTPResponder] = []
        /// From the first start on.
        var port: ReservedPort?
        var server: HTTPServer?
    }

    let state = Observed(State())

    public init() {}

    /// `http://127.0.0.1:PORT`, from the first start on.
    public var url: String { "http://127.0.0.1:\(state.value.port?.number ?? 0)" }

    public var contents: Contents { state.value.contents }

    /// Listens on a free port; after a stop, on the same as before.
    public func start() async throws {
        let port = try state.value.port ?? ReservedPort()
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(endpoint: HTTPEndpoint(host: "127.0.0.1", port: port.number)),
            group: MultiThreadedEventLoopGroup.singleton,
            handler: BackendHandler(state: state)
        )
        _ = try await server.bind()
        state.update { state in
            state.server = server
            state.port = port
        }
    }

    /// Closes all connections and refuses new ones. What was kept stays.
    public func stop() async {
        let (server, hanging) = state.update { state in
            defer {
                state.server = nil
                state.hanging = []
            }
            return (state.server, state.hanging)
        }
        await server?.shutdown(deadline: .now())
        withExtendedLifetime(hanging) {}
    }

    /// Changes what is done with requests from now on. Requests left hanging stay so.
    public func behave(_ behavior: Behavior) { state.update { $0.behavior = behavior } }

    /// True once the condition holds; false when it did not within the timeout.
    public func waitUntil(
        timeout: Duration = .seconds(10),
        _ condition: @escaping @Sendable (Contents) -> Bool
    ) async -> Bool {
        await state.wait(timeout: timeout) { condition($0.contents) }
    }
}

private final class BackendHandler: HTTPServerHandler {
    static let maxBodyBytes = 64 << 20

    let state: Observed<RecordingBackend.State>

    init(state: Observed<RecordingBackend.State>) { self.state = state }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        guard path == "/v1/traces" else { return .respond(.text(.notFound, "404 page not found\n")) }
        guard method == .POST else { return .respond(.text(.methodNotAllowed, "405 method not allowed\n")) }
        return .read(maxBodyBytes: Self.maxBodyBytes)
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse {
        .text(.payloadTooLarge, "413 body too large\n")
    }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        let read = Result { () throws(UnreadableRequest) in try Self.read(request) }
        let response: HTTPServerResponse? = state.update { state in
            switch state.behavior {
            case .accept:
                return state.keep(read)
            case .slow(let pause):
                let response = state.keep(read)
                Task {
                    try? await Task.sleep(for: pause)
                    responder.respond(response)
                }
                return nil
            case .reject(let status, let retryAfter, let times):
                state.contents.rejectedCount += 1
                if let times {
                    state.behavior =
                        times > 1 ? .reject(status: status, retryAfter: retryAfter, times: times - 1) : .accept
                }
                var headers: HTTPHeaders = [:]
                if let retryAfter { headers.add(name: "Retry-After", value: retryAfter) }
                return HTTPServerResponse(status: HTTPResponseStatus(statusCode: status), headers: headers)
            case .hang:
                state.contents.rejectedCount += 1
                state.hanging.append(responder)
                return nil
            }
        }
        if let response { responder.respond(response) }
    }

    private static func read(
        _ request: HTTPServerRequest
    ) throws(UnreadableRequest) -> (RecordingBackend.Request, [RawSpan]) {
        let sent = Array(request.body.readableBytesView)
        let body: [UInt8]
        do {
            switch request.headers.first(name: "Content-Encoding") ?? "identity" {
            case "identity": body = sent
            case "gzip": body = try inflate(sent, format: .gzip, limit: maxBodyBytes)
            case let other: throw UnreadableRequest(reason: "unknown Content-Encoding \(other)")
            }
            let spans = try RawSpan.spans(of: body)
            // What swift-protobuf refuses is malformed too, even where the spans can be told apart.
            _ = try Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(serializedBytes: body)
            return (RecordingBackend.Request(path: request.path, headers: request.headers, body: body), spans)
        } catch {
            throw UnreadableRequest(reason: "\(error)")
        }
    }
}

private struct UnreadableRequest: Error {
    let reason: String
}

extension RecordingBackend.State {
    fileprivate mutating func keep(
        _ read: Result<(RecordingBackend.Request, [RawSpan]), UnreadableRequest>
    ) -> HTTPServerResponse {
        switch read {
        case .success((let request, let spans)):
            contents.requests.append(request)
            contents.spans += spans
            return HTTPServerResponse(status: .ok, headers: ["Content-Type": "application/x-protobuf"])
        case .failure(let error):
            contents.malformed.append(error.reason)
            return .text(.badRequest, error.reason)
        }
    }
}
