internal import NIOCore

/// What one connection is doing and what follows from what happens to it. It does no I/O and has no clock;
/// `HTTPConnectionHandler` tells it what happened and performs what it returns.
struct HTTPConnectionState {
    enum Phase: Equatable {
        /// Between two requests.
        case idle
        /// Bytes of a request have come, but not its whole head.
        case head
        /// The head is with the server's handler, which does not know yet whether the body is to be read.
        case deciding
        /// The body is being read.
        case body
        /// The whole request is with the server's handler.
        case handling
        /// The head of a streaming response is out.
        case streaming
        /// The response is out, the rest of the request is thrown away.
        case discarding
        /// The last response is on its way out.
        case closing
        /// Our side is closed. What the client still sends is thrown away: a closed socket would answer it with a
        /// reset, which can destroy the response on its way to the client (RFC 9112, 9.6).
        case lingering
        case closed
    }

    struct Timeouts {
        var idle: TimeAmount?
        var readHeader: TimeAmount?
        var read: TimeAmount?
        var write: TimeAmount?
        var linger = TimeAmount.seconds(1)
    }

    enum BodyAction: Equatable {
        case read(sendContinue: Bool)
        case refuse(limit: Int)
    }

    /// How a response is to be sent.
    struct ResponsePlan: Equatable {
        var close: Bool
        /// HTTP/1.0 closes unless told otherwise.
        var announcesKeepAlive: Bool
        var isHEAD: Bool
        var isHTTP10: Bool
    }

    enum TimerAction: Equatable {
        case nothing
        case close
        case answerTimeout
    }

    /// A body announced to be no longer is discarded rather than the connection closed.
    private static let discardableBytes = 64 * 1024

    private(set) var phase = Phase.idle
    private(set) var framing = HTTPRequestFraming()
    /// Counts the requests of this connection, so that a late answer cannot go to another request.
    private(set) var requestID: UInt64 = 0
    /// When `deadlinePassed` is to be called; nil: not at all.
    private(set) var deadline: NIODeadline?
    /// The server is shutting down: the next response is the last.
    private(set) var isDraining = false
    /// The client has closed its side, but may still read.
    private(set) var isInputClosed = false

    private(set) var bodyLimit = 0
    private var bodyBytes = 0
    private let timeouts: Timeouts

    /// A connection opened at `now`.
    init(timeouts: Timeouts, now: NIODeadline) {
        self.timeouts = timeouts
        deadline = timeouts.readHeader.map { now + $0 }
    }

    /// Whether bytes of the client are looked at now; otherwise they wait.
    var consumesInput: Bool {
        switch phase {
        case .idle, .head, .body, .discarding: true
        case .deciding, .handling, .streaming, .closing, .lingering, .closed: false
        }
    }

    /// Whether bytes of the client are dropped.
    var dropsInput: Bool { phase == .closing || phase == .lingering || phase == .closed }

    // MARK: Requests

    /// All bytes of one read are processed. `sawPart`: they held more than an unfinished head.
    mutating func readCompleted(sawPart: Bool, now: @autoclosure () -> NIODeadline) {
        switch phase {
        case .idle where !sawPart:
            phase = .head
            deadline = requestID == 0 ? deadline : timeouts.readHeader.map { now() + $0 }
        case .body where timeouts.read == nil, .discarding:
            deadline = timeouts.idle.map { now() + $0 }
        case .body where deadline == nil:
            deadline = timeouts.read.map { now() + $0 }
        default:
            break
        }
    }

    mutating func headArrived(_ framing: HTTPRequestFraming) {
        self.framing = framing
        requestID &+= 1
        phase = .body
        deadline = nil
        bodyBytes = 0
        bodyLimit = 0
    }

    /// What is to be done with the request is not known yet.
    mutating func decisionPending() { phase = .deciding }

    /// Now it is; the time for the body begins.
    mutating func decisionArrived(now: NIODeadline) {
        phase = .body
        deadline = (timeouts.read ?? timeouts.idle).map { now + $0 }
    }

    mutating func readBody(limit: Int) -> BodyAction {
        bodyLimit = limit
        if case .fixed(let length) = framing.body, length > limit { return .refuse(limit: limit) }
        return .read(sendContinue: framing.expectsContinue && framing.body != .none)
    }

    /// False: with these bytes the body is too long.
    mutating func bodyArrived(bytes: Int) -> Bool {
        bodyBytes += bytes
        return bodyBytes <= bodyLimit
    }

    enum EndAction: Equatable {
        case handle
        case nothing
    }

    mutating func requestEnded(now: NIODeadline) -> EndAction {
        deadline = nil
        switch phase {
        case .body:
            phase = .handling
            deadline = timeouts.write.map { now + $0 }
            return .handle
        case .discarding:
            phase = .idle
            deadline = timeouts.idle.map { now + $0 }
            return .nothing
        default:
            return .nothing
        }
    }

    /// What follows cannot be read as HTTP, or came too late. True: a response is due, which is the last; false: the
    /// request has had its response, only closing is left.
    mutating func inputFailed() -> Bool {
        guard phase != .discarding else { return false }
        framing = HTTPRequestFraming()
        requestID &+= 1
        phase = .body
        return true
    }

    // MARK: Responses

    /// Plans a whole response and takes it as sent. `hasMore`: another request has already come.
    mutating func respond(close: Bool, hasMore: Bool, now: NIODeadline) -> ResponsePlan {
        let plan = plan(close: close, hasMore: hasMore)
        finish(plan, now: now)
        return plan
    }

    /// Plans the head of a streaming response. `finishStreaming` ends it.
    mutating func startStreaming(close: Bool, hasMore: Bool) -> ResponsePlan {
        // Without chunks, the end of the connection is the end of the body.
        let plan = plan(close: close || framing.isHTTP10, hasMore: hasMore)
        phase = .streaming
        return plan
    }

    mutating func finishStreaming(_ plan: ResponsePlan, now: NIODeadline) {
        finish(plan, now: now)
    }

    private func plan(close: Bool, hasMore: Bool) -> ResponsePlan {
        let close =
            close || isDraining || !framing.keepsAlive || (isInputClosed && !hasMore)
            || (phase == .body && !canDiscardBody)
        return ResponsePlan(
            close: close,
            announcesKeepAlive: framing.isHTTP10 && !close,
            isHEAD: framing.isHEAD,
            isHTTP10: framing.isHTTP10
        )
    }

    private var canDiscardBody: Bool {
        switch framing.body {
        case .none: true
        case .fixed(let length): length <= Self.discardableBytes && !framing.expectsContinue
        case .chunked: false
        }
    }

    private mutating func finish(_ plan: ResponsePlan, now: NIODeadline) {
        if plan.close {
            phase = .closing
        } else if phase == .body {
            phase = .discarding
        } else {
            phase = .idle
        }
        deadline = timeouts.idle.map { now + $0 }
    }

    // MARK: The connection

    /// The last response is out and our side is closed.
    mutating func outputClosed(now: NIODeadline) {
        guard phase != .closed else { return }
        phase = .lingering
        deadline = now + timeouts.linger
    }

    /// The client has closed its side. True: nothing is left to do for it. `hasMore`: requests of it still wait.
    mutating func inputClosed(hasMore: Bool) -> Bool {
        isInputClosed = true
        switch phase {
        case .idle: return !hasMore
        case .head, .body, .discarding, .streaming: return true
        case .deciding, .handling, .closing, .lingering, .closed: return false
        }
    }

    /// The server is shutting down. True: the connection can be closed at once.
    mutating func drain(hasMore: Bool) -> Bool {
        isDraining = true
        return phase == .idle && !hasMore
    }

    /// The server is being replaced: the next response is the last.
    mutating func retire() { isDraining = true }

    /// The server refuses what comes from now on. True: a request is under way, whose response is the last; false: the
    /// next one is to be refused.
    mutating func refuse(hasMore: Bool) -> Bool {
        switch phase {
        case .idle, .head:
            return hasMore
        case .deciding, .body, .handling, .streaming, .discarding, .closing, .lingering, .closed:
            isDraining = true
            return true
        }
    }

    /// To be called at `deadline` or later.
    mutating func deadlinePassed(now: NIODeadline) -> TimerAction {
        guard let deadline, now >= deadline else { return .nothing }
        self.deadline = nil
        switch phase {
        case .head, .body: return .answerTimeout
        case .idle, .discarding, .closing, .lingering, .deciding, .handling, .streaming: return .close
        case .closed: return .nothing
        }
    }

    mutating func closed() {
        phase = .closed
        deadline = nil
    }
}
