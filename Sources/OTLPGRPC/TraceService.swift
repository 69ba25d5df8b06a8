internal import GRPCCore
public import NIOCore

/// Why a request was refused before it had come in full.
public enum UnreadCause: String, Sendable, CaseIterable {
    /// There was no memory for it (`TraceServerConfiguration.bodies`).
    case memory
    /// `TraceService.overload` said so.
    case overload
}

/// What a server does with exports.
public protocol TraceService: Sendable {
    /// Why every request is refused at the moment; nil when they are looked at. Asked before a long one is read.
    var overload: ExportError? { get }

    /// A request was refused before it had come in full.
    func refusedUnread(_ cause: UnreadCause)

    /// Says whether a request is to be read at all.
    func authorize(_ headers: RequestHeaders) async throws(ExportError)

    /// Takes an ExportTraceServiceRequest, in its encoding. Returning is success.
    func export(_ request: ByteBuffer, _ headers: RequestHeaders) async throws(ExportError)
}

extension TraceService {
    public var overload: ExportError? { nil }

    public func refusedUnread(_ cause: UnreadCause) {}
}

/// TraceService/Export over raw bytes.
struct RegisteredTraceService: RegistrableRPCService {
    let service: any TraceService

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: .traceExport,
            deserializer: RawDeserializer(),
            serializer: RawSerializer()
        ) { request, _ in
            do throws(ExportError) {
                return StreamingServerResponse(single: try await respond(to: request))
            } catch {
                return StreamingServerResponse(error: error.rpcError)
            }
        }
    }

    private func respond(
        to request: StreamingServerRequest<ByteBuffer>
    ) async throws(ExportError) -> ServerResponse<ByteBuffer> {
        let headers = RequestHeaders(metadata: request.metadata)
        try await service.authorize(headers)
        let message: ByteBuffer
        do {
            message = try await ServerRequest(stream: request).message
        } catch {
            throw ExportError(error)
        }
        try await service.export(message, headers)
        // An ExportTraceServiceResponse without a partial success is encoded as nothing.
        return ServerResponse(message: ByteBuffer())
    }
}
