import Collector
import GRPCCore
import NIOCore
import OTLP
import OTLPGRPC

/// OTLP/gRPC requests in, batches out to the pipeline.
final class OTLPGRPCService: TraceService {
    private let next: any TraceConsumer
    /// nil when the pipeline checks the bodies itself.
    private let scanner: SpanScanner?
    private let authenticator: (any ServerAuthenticator)?
    private let includeMetadata: Bool
    let counters = AtomicReceiverCounters()

    init(includeMetadata: Bool, authenticator: (any ServerAuthenticator)?, next: any TraceConsumer) {
        self.next = next
        self.authenticator = authenticator
        self.includeMetadata = includeMetadata
        scanner = next.checksWellFormedness ? nil : SpanScanner(taskRunKeys: [], namespaceKeys: [])
    }

    var overload: ExportError? { next.overload.map(Self.answer) }

    func noRoomForMessage() { counters.refusedUnread(.memory) }

    func refusedForOverload() { counters.refusedUnread(.overload) }

    func authorize(_ headers: RequestHeaders) async throws(ExportError) {
        guard let authenticator else { return }
        let error: AuthenticationError? =
            switch authenticator.authenticate({ headers[$0] }) {
            case .accepted: nil
            case .refused(let error): error
            case .pending(let check):
                await withCheckedContinuation { continuation in check { continuation.resume(returning: $0) } }
            }
        guard let error else { return }
        counters.failed()
        guard error.isTemporary else { throw ExportError(.unauthenticated, error.description) }
        throw ExportError(.unavailable, error.description, retryAfter: .seconds(1))
    }

    func export(_ request: ByteBuffer, _ headers: RequestHeaders) async throws(ExportError) {
        var batch = TraceBatch(body: request)
        if includeMetadata { batch.metadata = BatchMetadata(headers.all) }
        if let scanner {
            do {
                batch.spanCount = try scanner.scan(request.readableBytesSpan) { _ in }
            } catch {
                counters.failed()
                throw ExportError(.invalidArgument, "not an ExportTraceServiceRequest: \(error)")
            }
        }
        // The specification wants an empty request to succeed. Unscanned, only a body without bytes is known as such.
        if batch.byteCount == 0 || (scanner != nil && batch.spanCount == 0) { return counters.accepted(spans: 0) }
        let result = await withCheckedContinuation { continuation in
            next.consume(batch) { continuation.resume(returning: $0) }
        }
        switch result {
        case .accepted(let spanCount): counters.accepted(spans: spanCount)
        case .refused(let error):
            if error.kind == .malformed { counters.failed() } else { counters.refused(batch) }
            throw Self.answer(error)
        }
    }

    /// As the Collector's otlpreceiver has it: permanent errors are Internal, all others Unavailable.
    static func answer(_ error: ConsumeError) -> ExportError {
        switch error.kind {
        case .malformed: ExportError(.invalidArgument, error.message)
        case .permanent: ExportError(.internalError, error.message)
        case .unavailable: ExportError(.unavailable, error.message, retryAfter: error.retryAfter)
        }
    }
}
