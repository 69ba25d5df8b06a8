internal import NIOCore
internal import NIOHTTP1

/// Runs one connection: performs what `HTTPConnectionState` decides. Stands behind the HTTP decoder in the pipeline,
/// and writes bytes. Every method is called on the connection's event loop.
final class HTTPConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// Fired into the pipeline when the server shuts down.
    enum Event: Sendable {
        case drain
        /// The next response is the last.
        case retire
        /// Requests under way are answered, all others refused.
        case refuse
    }

    /// What a client sent while its last request was not answered yet.
    private enum Input {
        case part(HTTPServerRequestPart)
        case failure(HTTPProtocolError)
    }

    /// One read is held at most, unless the system hands over all that is left of a connection its client closed.
    private static let maxWaitingBytes = 1024 * 1024
    let handler: any HTTPServerHandler
    private let registry: HTTPConnectionRegistry?
    let bodies: BodyBudget?
    /// For whoever accepts connections.
    let activity: ConnectionActivity?
    /// The server refuses what comes on this connection.
    private var isRefusing = false
    /// What the handler wants on the response to the current request.
    var addedHeaders: HTTPHeaders?

    var state: HTTPConnectionState
    var context: ChannelHandlerContext?
    /// Between a read and its completion: output is flushed once, at the end.
    private(set) var isReading = false
    private var sawPart = false
    private var isProcessing = false
    private var isReadHeld = false
    private var waiting = CircularBuffer<Input>(initialCapacity: 1)
    private var waitingBytes = 0
    var request: HTTPServerRequest.Head?
    /// Of the request whose fate is being decided.
    var undecided: HTTPRequestHead?
    /// nil until bytes of it have come: an empty one would be shared by all connections, and by their reference count.
    var body: ByteBuffer?
    /// What the body has of `bodies`.
    var heldBytes = 0
    /// The activity says that a body is on its way.
    var hasReportedBody = false
    private var timer: Scheduled<Void>?
    private var timerDeadline = NIODeadline.distantFuture

    var output = HTTPConnectionOutput()
    /// Bytes were written to the channel since it was last flushed.
    private var needsFlush = false
    var stream: HTTPConnectionStream?

    init(
        handler: any HTTPServerHandler,
        timeouts: HTTPConnectionState.Timeouts,
        now: NIODeadline,
        registry: HTTPConnectionRegistry? = nil,
        bodies: BodyBudget? = nil,
        activity: ConnectionActivity? = nil
    ) {
        self.handler = handler
        self.registry = registry
        self.bodies = bodies
        self.activity = activity
        state = HTTPConnectionState(timeouts: timeouts, now: now)
    }

    var hasMore: Bool { !waiting.isEmpty }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        rearmTimer()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        connectionClosed()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        // A connection accepted at the moment the server began to shut down has missed the event.
        switch registry?.mode {
        case .draining: if state.drain(hasMore: false) { context.close(promise: nil) }
        case .retiring: state.retire()
        case .refusing: beginRefusing(context)
        case .open, nil: break
        }
    }

    private func beginRefusing(_ context: ChannelHandlerContext) {
        guard !isRefusing else { return }
        isRefusing = true
        if !state.refuse(hasMore: hasMore) { registry?.setAside(context.channel) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        connectionClosed()
        context.fireChannelInactive()
    }

    private func connectionClosed() {
        state.closed()
        timer?.cancel()
        timer = nil
        waiting.removeAll()
        request = nil
        undecided = nil
        dropBody()
        endStream(.peerClosed)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        sawPart = true
        take(.part(Self.unwrapInboundIn(data)))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        state.readCompleted(sawPart: sawPart, now: context.eventLoop.now)
        sawPart = false
        if state.phase == .body, !hasReportedBody {
            hasReportedBody = true
            activity?.sends(since: context.eventLoop.now)
        }
        flush(context)
        rearmTimer()
    }

    /// Reading goes on while a request is being answered, so that a closed connection is noticed; it stops with the
    /// first bytes that must wait, and when the client does not take its responses.
    func read(context: ChannelHandlerContext) {
        if mayRead(context) {
            context.read()
        } else {
            isReadHeld = true
        }
    }

    private func mayRead(_ context: ChannelHandlerContext) -> Bool {
        waiting.isEmpty && (state.phase != .idle || context.channel.isWritable)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            resumeStreamWriters()
            processWaiting()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            if state.inputClosed(hasMore: hasMore) { context.close(promise: nil) }
        case ChannelEvent.outputClosed:
            state.outputClosed(now: context.eventLoop.now)
            rearmTimer()
        case Event.retire: state.retire()
        case Event.drain:
            if state.drain(hasMore: hasMore) { context.close(promise: nil) }
        case Event.refuse:
            beginRefusing(context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as HTTPParserError:
            sawPart = true
            take(.failure(HTTPProtocolError(error)))
        case is ByteToMessageDecoderError:
            // Bytes behind malformed ones; the connection is being closed for those.
            break
        default:
            context.close(promise: nil)
        }
    }

    // MARK: Input

    private func take(_ input: Input) {
        if waiting.isEmpty && !isProcessing && canProcess {
            isProcessing = true
            process(input)
            isProcessing = false
        } else if !state.dropsInput {
            waiting.append(input)
            if case .part(.body(let bytes)) = input { waitingBytes += bytes.readableBytes }
            if waitingBytes > Self.maxWaitingBytes { context?.close(promise: nil) }
        }
    }

    private var canProcess: Bool {
        state.consumesInput && (state.phase != .idle || context?.channel.isWritable == true)
    }

    /// Goes on with what had to wait, after a response or when the client takes its responses again.
    func processWaiting() {
        guard !isProcessing, let context else { return }
        isProcessing = true
        while canProcess, let input = waiting.popFirst() {
            if case .part(.body(let bytes)) = input { waitingBytes -= bytes.readableBytes }
            process(input)
        }
        isProcessing = false
        if state.isInputClosed, waiting.isEmpty, state.inputClosed(hasMore: false) {
            context.close(promise: nil)
        } else if isReadHeld, mayRead(context) {
            isReadHeld = false
            context.read()
        }
        rearmTimer()
    }

    private func process(_ input: Input) {
        switch input {
        case .part(.head(let head)): process(head: head)
        case .part(.body(let bytes)): process(body: bytes)
        case .part(.end): processEnd()
        case .failure(let error): fail(error)
        }
    }

    private func process(head: HTTPRequestHead) {
        guard let context else { return }
        do throws(HTTPProtocolError) {
            state.headArrived(try HTTPRequestFraming(head))
        } catch {
            fail(error, headers: head.headers)
            return
        }
        addedHeaders = handler.responseHeaders(method: head.method, headers: head.headers)
        guard !isRefusing else {
            respondNow(handler.refusal(headers: head.headers), close: true)
            return
        }
        let (path, query) = HTTPRequestTarget.split(head.uri)
        perform(handler.head(method: head.method, path: path, headers: head.headers), head, path, query, context)
    }

    private func processEnd() {
        guard let context else { return }
        guard state.requestEnded(now: context.eventLoop.now) == .handle, let head = request.take() else { return }
        let request = HTTPServerRequest(head, body: body.take() ?? ByteBuffer(), eventLoop: context.eventLoop)
        activity?.isServed()
        let responder = HTTPResponder(
            NIOLoopBound(self, eventLoop: context.eventLoop),
            id: state.requestID,
            held: heldBytes
        )
        heldBytes = 0
        handler.handle(request, responder)
    }

    /// Answers what cannot be read as a request, and closes.
    ///
    /// - Parameter headers: of the request, where they could be read.
    private func fail(_ error: HTTPProtocolError, headers: HTTPHeaders? = nil) {
        let headers = headers ?? request?.headers
        request = nil
        dropBody()
        if state.inputFailed() {
            respondNow(handler.protocolError(error, headers: headers), close: true)
        } else {
            context?.close(promise: nil)
        }
    }

    // MARK: Output

    /// Sends the response of the current request.
    func respondNow(_ response: HTTPServerResponse, close: Bool) {
        guard let context else { return }
        let now = context.eventLoop.now
        let plan = state.respond(close: close, hasMore: hasMore, now: now)
        isAnswered(now)
        // Answers are shared by all connections: each copy of one is a write to the reference counts of its parts.
        if let addedHeaders {
            var response = response
            response.headers.add(contentsOf: addedHeaders)
            handOver(output.write(response, plan: plan), context)
        } else {
            handOver(output.write(response, plan: plan), context)
        }
        sent(plan, context)
    }

    /// The request is done with.
    func isAnswered(_ now: NIODeadline) {
        activity?.waits(since: now)
        hasReportedBody = false
    }

    /// What follows the last bytes of a response.
    func sent(_ plan: HTTPConnectionState.ResponsePlan, _ context: ChannelHandlerContext) {
        if plan.close {
            waiting.removeAll()
            closeOutput(context)
        } else if !isReading {
            flush(context)
        }
        rearmTimer()
    }

    /// Hands bytes that are written apart over to the channel, behind those collected; these also when they are many,
    /// so that the channel can tell when the client does not take them.
    func handOver(_ apart: ByteBuffer?, _ context: ChannelHandlerContext) {
        guard apart != nil || output.isFull else { return }
        for bytes in [output.take(), apart] {
            guard let bytes else { continue }
            needsFlush = true
            context.write(Self.wrapOutboundOut(bytes), promise: nil)
        }
    }

    /// May call back into the connection: the channel can become writable, or be closed by an error.
    func flush(_ context: ChannelHandlerContext) {
        if let bytes = output.take() {
            needsFlush = false
            context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
        } else if needsFlush {
            needsFlush = false
            context.flush()
        }
    }

    private func closeOutput(_ context: ChannelHandlerContext) {
        guard state.isInputClosed else {
            flush(context)
            context.close(mode: .output, promise: nil)
            return
        }
        // With its other side closed, the channel would be closed at once and drop what is not written yet.
        let channel = context.channel
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        needsFlush = false
        context.writeAndFlush(Self.wrapOutboundOut(output.take() ?? ByteBuffer()), promise: written)
    }

    // MARK: Time

    /// The timer is only ever moved forward when it has run out: setting it anew for every request would cost more
    /// than waking up once a minute.
    func rearmTimer() {
        guard let context, let deadline = state.deadline, timer == nil || deadline < timerDeadline else { return }
        timer?.cancel()
        timerDeadline = deadline
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            self?.timerFired()
        }
    }

    private func timerFired() {
        timer = nil
        guard let context else { return }
        switch state.deadlinePassed(now: context.eventLoop.now) {
        case .nothing: break
        case .close: context.close(promise: nil)
        case .answerTimeout: fail(.timeout)
        }
        rearmTimer()
    }
}
