internal import GRPCCore
public import NIOCore

/// What a server does with exports.
public protocol TraceService: Sendable {
    /// Why every request is refused at the moment; nil when they are looked at. Asked before a long one is read.
    var overload: ExportError? { get }

    /// A request was refused before it had come in full: there was no memory for it (`TraceServerConfiguration.bodies`).
    func noRoomForMessage()

    /// A request was refused before it had come in full: `overload` said so.
    func refusedForOverload()

    /// Says whether a request is to be read at all.
    func authorize(_ headers: RequestHeaders) async throws(ExportError)

    /// Takes an ExportTraceServiceRequest, in its encoding. Returning is success.
    func export(_ request: ByteBuffer, _ headers: RequestHeaders) async throws(ExportError)
}

extension TraceService {
    public var overload: ExportError? { nil }

    public func noRoomForMessage() {}

    public func refusedForOverload() {}
}

/// TraceService/Export over raw bytes.
struct RegisteredTraceService: RegistrableRPCService {
    let service: any TraceService
    /// Nil when the requests may have as much as they like.
    let memories: RequestMemories?

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
        var metadata = request.metadata
        let memory = try memory(of: &metadata)
        // Until there is an answer, whatever becomes of the stream meanwhile.
        defer { withExtendedLifetime(memory) {} }
        let headers = RequestHeaders(metadata: metadata)
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

    private func memory(of metadata: inout Metadata) throws(ExportError) -> RequestMemory? {
        guard let memories else { return nil }
        var ids = metadata[stringValues: RequestMemories.header].makeIterator()
        guard let memory = ids.next().flatMap({ memories[$0] }) else {
            throw ExportError(.cancelled, "the client has gone")
        }
        metadata.removeAllValues(forKey: RequestMemories.header)
        return memory
    }
}
