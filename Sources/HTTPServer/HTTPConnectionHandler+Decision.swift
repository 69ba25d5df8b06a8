internal import NIOCore
internal import NIOHTTP1

extension HTTPConnectionHandler {
    /// Does what the handler wants of a request whose head it has seen.
    func perform(
        _ decision: HTTPHeadDecision,
        _ head: HTTPRequestHead,
        _ path: String,
        _ query: String,
        _ context: ChannelHandlerContext
    ) {
        switch decision {
        case .read(let limit, let note):
            switch state.readBody(limit: limit) {
            case .read where !hasRoomForBody:
                respondNow(handler.noRoomForBody(headers: head.headers), close: false)
            case .read(let sendContinue):
                if sendContinue { output.writeContinue() }
                request = HTTPServerRequest.Head(
                    method: head.method,
                    path: path,
                    query: query,
                    headers: head.headers,
                    note: note
                )
            case .refuse(let limit):
                respondNow(handler.bodyTooLarge(limit: limit, headers: head.headers), close: true)
            }
        case .respond(let response):
            respondNow(response, close: response.close)
        case .later(let ask):
            state.decisionPending()
            activity?.isServed()
            undecided = head
            ask(HTTPHeadDecider(NIOLoopBound(self, eventLoop: context.eventLoop), id: state.requestID))
        }
    }

    /// What the handler could not say at once.
    func decide(_ id: UInt64, _ decision: () -> HTTPHeadDecision) {
        guard id == state.requestID, state.phase == .deciding, let head = undecided, let context else { return }
        undecided = nil
        let now = context.eventLoop.now
        state.decisionArrived(now: now)
        activity?.sends(since: now)
        hasReportedBody = true
        let (path, query) = HTTPRequestTarget.split(head.uri)
        perform(decision(), head, path, query, context)
        if !isReading { flush(context) }
        processWaiting()
    }
}
