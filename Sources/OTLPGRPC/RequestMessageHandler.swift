internal import GRPCCore
internal import HTTPServer
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Stands first in the pipeline of a request's stream, and hands whole uncompressed messages to the transport.
///
/// The transport can do that by itself, but closes a stream it cannot decode without a status, which the sender takes
/// for an outage, and waits for the rest of a message for ever.
final class RequestMessageHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    /// Last in the pipeline: where errors end up.
    private final class Tail: ChannelInboundHandler {
        typealias InboundIn = Any

        private let messages: RequestMessageHandler

        init(_ messages: RequestMessageHandler) { self.messages = messages }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            messages.hasFailed = true
            context.fireErrorCaught(error)
        }
    }

    /// A message of which no more is missing is read in any case, so that what was in it is counted.
    private static let discardableBytes = 64 * 1024

    private let limit: Int
    private let timeout: TimeAmount
    private let memory: (bodies: BodyBudget, all: RequestMemories)?
    private let service: any TraceService
    private let activity: ConnectionActivityHandler?
    /// What the service finds the request's memory by.
    private var memoryID: String?
    private var reader: RequestMessageReader?
    private var hasFailed = false
    private var hasAnswered = false
    private var hasEnded = false
    private var isRefused = false
    private var timer: Scheduled<Void>?
    /// Bytes have come since the timer was set.
    private var hasProgress = false

    private init(
        limit: Int,
        timeout: TimeAmount,
        memory: (BodyBudget, RequestMemories)?,
        service: any TraceService,
        activity: ConnectionActivityHandler?
    ) {
        self.limit = limit
        self.timeout = timeout
        self.memory = memory
        self.service = service
        self.activity = activity
    }

    /// - Parameters:
    ///   - limit: of a message's bytes.
    ///   - timeout: the longest time without any progress.
    ///   - memory: what the messages of all requests may have in memory together, and where the service finds what
    ///     those of its own have; nil for no bound.
    ///   - service: asked whether a request is to be read.
    static func add(
        to channel: any Channel,
        limit: Int,
        timeout: TimeAmount,
        memory: (BodyBudget, RequestMemories)?,
        service: any TraceService
    ) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            // A stream's channel has the event loop of its connection.
            let activity = try? channel.parent?.pipeline.syncOperations.handler(type: ConnectionActivityHandler.self)
            let messages = RequestMessageHandler(
                limit: limit,
                timeout: timeout,
                memory: memory,
                service: service,
                activity: activity
            )
            try channel.pipeline.syncOperations.addHandler(messages, position: .first)
            try channel.pipeline.syncOperations.addHandler(Tail(messages), position: .last)
        }
    }

    func handlerAdded(context: ChannelHandlerContext) { activity?.streamOpened(context.eventLoop.now) }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        giveBack()
        activity?.streamClosed(context.eventLoop.now)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        hasProgress = true
        switch Self.unwrapInboundIn(data) {
        case .headers(let headers):
            if headers.endStream { hasEnded = true }
            context.fireChannelRead(reader == nil ? begin(headers) : data)
        case .data(let data):
            guard case .byteBuffer(let bytes) = data.data else { return }
            if data.endStream { hasEnded = true }
            do throws(ExportError) {
                try take(bytes, isLast: data.endStream, context)
            } catch {
                if error == .noRoom { service.noRoomForMessage() }
                refuse(error, context)
            }
        default:
            context.fireChannelRead(data)
        }
    }

    /// The request's headers have come; what they are to the transport.
    private func begin(_ payload: HTTP2Frame.FramePayload.Headers) -> NIOAny {
        var payload = payload
        let encoding = payload.headers.first(name: "grpc-encoding")
        if let memory {
            let own = RequestMemory(memory.bodies)
            let id = memory.all.add(own)
            memoryID = id
            payload.headers.replaceOrAdd(name: RequestMemories.header, value: id)
            reader = RequestMessageReader(limit: limit, encoding: encoding, memory: own)
        } else {
            reader = RequestMessageReader(limit: limit, encoding: encoding)
        }
        return Self.wrapInboundOut(.headers(payload))
    }

    private func giveBack() {
        reader?.giveBack()
        if let id = memoryID.take() { memory?.all.remove(id) }
    }

    private func take(_ bytes: ByteBuffer, isLast: Bool, _ context: ChannelHandlerContext) throws(ExportError) {
        try reader?.append(bytes)
        var message = try reader?.next()
        while let current = message {
            message = try reader?.next()
            let isEnd = isLast && message == nil && reader?.isWithinMessage != true
            pass(current, isLast: isEnd, context)
            if isEnd { return }
        }
        guard isLast else {
            if let reader, reader.missingBytes > Self.discardableBytes, let error = service.overload {
                service.refusedForOverload()
                throw error
            }
            return
        }
        try reader?.end()
        pass(ByteBuffer(), isLast: true, context)
    }

    private func pass(_ message: ByteBuffer, isLast: Bool, _ context: ChannelHandlerContext) {
        let payload = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(message), endStream: isLast))
        context.fireChannelRead(Self.wrapInboundOut(payload))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if timer == nil, !hasEnded, !isRefused { startTimer(context) }
        context.fireChannelReadComplete()
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isRefused else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        if case .headers = Self.unwrapOutboundIn(data) { hasAnswered = true }
        context.write(data, promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if hasFailed, !hasAnswered, mode == .all, context.channel.isActive {
            answer(ExportError(.internalError, "grpc: the request cannot be read"), context)
        }
        context.close(mode: mode, promise: promise)
    }

    /// Answers with a status of its own and takes nothing more.
    private func refuse(_ error: ExportError, _ context: ChannelHandlerContext) {
        isRefused = true
        timer?.cancel()
        giveBack()
        if !hasAnswered { answer(error, context) }
        // What the sender still sends is not an error of ours (RFC 9113, 8.1).
        if !hasEnded {
            context.writeAndFlush(Self.wrapOutboundOut(.rstStream(.noError)), promise: nil)
        }
        context.close(promise: nil)
    }

    private func answer(_ error: ExportError, _ context: ChannelHandlerContext) {
        hasAnswered = true
        var headers: HPACKHeaders = [
            ":status": "200",
            "content-type": "application/grpc",
            "grpc-status": "\(error.code.rawValue)",
            "grpc-message": error.message.percentEncoded,
        ]
        for (name, value) in error.rpcError.metadata { headers.add(name: name, value: value.encoded()) }
        let payload = HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: true))
        context.writeAndFlush(Self.wrapOutboundOut(payload), promise: nil)
    }

    // MARK: Time

    private func startTimer(_ context: ChannelHandlerContext) {
        hasProgress = false
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: timeout) {
            let (handler, context) = bound.value
            handler.timerFired(context)
        }
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        timer = nil
        guard !hasEnded, !isRefused else { return }
        guard !hasProgress else { return startTimer(context) }
        refuse(ExportError(.deadlineExceeded, "grpc: the request did not come in time"), context)
    }
}

extension String {
    /// As `grpc-message` wants it (gRPC over HTTP2, "Percent-Encoded").
    fileprivate var percentEncoded: String {
        var text = ""
        for byte in utf8 {
            if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "%") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return text
    }
}
