internal import NIOCore
internal import NIOHTTP1

/// A streaming response in progress.
struct HTTPConnectionStream {
    let plan: HTTPConnectionState.ResponsePlan
    /// Writers that wait until the client has taken what was written.
    var writers: [CheckedContinuation<Result<Void, HTTPBodyWriterError>, Never>] = []
    var onEnd: [@Sendable () -> Void] = []
    var isCancelled = false
}

/// What `HTTPResponder` and `HTTPBodyWriter` ask for. `id` names the request they belong to: the connection may be
/// at another one, or gone.
extension HTTPConnectionHandler {
    /// - Parameter held: what the request had of `bodies`.
    func respond(to id: UInt64, with response: HTTPServerResponse, held: Int) {
        if held > 0 { bodies?.giveBack(held) }
        guard id == state.requestID, state.phase == .handling else { return }
        respondNow(response, close: response.close)
        processWaiting()
    }

    func startStreaming(_ id: UInt64, status: HTTPResponseStatus, headers: HTTPHeaders) {
        guard id == state.requestID, state.phase == .handling, let context else { return }
        let plan = state.startStreaming(close: false, hasMore: hasMore)
        stream = HTTPConnectionStream(plan: plan)
        output.writeStreamingHead(status: status, headers: headers, plan: plan)
        flush(context)
    }

    func breakOff(_ id: UInt64, after bytes: ByteBuffer) {
        guard id == state.requestID, state.phase == .handling, let context else { return }
        flush(context)
        context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
        context.close(promise: nil)
    }

    func writeStream(
        _ id: UInt64,
        _ bytes: ByteBuffer,
        _ writer: CheckedContinuation<Result<Void, HTTPBodyWriterError>, Never>
    ) {
        guard id == state.requestID, state.phase == .streaming, let stream, let context else {
            writer.resume(returning: .failure(.peerClosed))
            return
        }
        guard !stream.isCancelled else {
            writer.resume(returning: .failure(.cancelled))
            return
        }
        // An empty chunk would end the body.
        if bytes.readableBytes > 0 && !stream.plan.isHEAD {
            let apart = output.writeChunk(bytes, plan: stream.plan)
            handOver(apart, context)
            output.writeChunkEnd(plan: stream.plan)
            flush(context)
        }
        if context.channel.isWritable {
            writer.resume(returning: .success(()))
        } else if self.stream != nil {
            self.stream?.writers.append(writer)
        } else {
            writer.resume(returning: .failure(.peerClosed))
        }
    }

    func finishStream(_ id: UInt64) {
        guard id == state.requestID, state.phase == .streaming, let stream, let context else { return }
        output.writeStreamingEnd(plan: stream.plan)
        endStream(.finished)
        let now = context.eventLoop.now
        state.finishStreaming(stream.plan, now: now)
        isAnswered(now)
        sent(stream.plan, context)
        processWaiting()
    }

    /// Closes without the end of the body, so that the client sees that it is incomplete.
    func abortStream(_ id: UInt64) {
        guard id == state.requestID, state.phase == .streaming else { return }
        context?.close(promise: nil)
    }

    func cancelStreamWriters(_ id: UInt64) {
        guard id == state.requestID, stream != nil else { return }
        stream?.isCancelled = true
        let writers = stream?.writers ?? []
        stream?.writers = []
        for writer in writers { writer.resume(returning: .failure(.cancelled)) }
    }

    func onStreamEnd(_ id: UInt64, _ callback: @escaping @Sendable () -> Void) {
        if id == state.requestID, stream != nil {
            stream?.onEnd.append(callback)
        } else {
            callback()
        }
    }

    func resumeStreamWriters() {
        let writers = stream?.writers ?? []
        stream?.writers = []
        for writer in writers { writer.resume(returning: .success(())) }
    }

    func endStream(_ error: HTTPBodyWriterError) {
        guard let ended = stream else { return }
        stream = nil
        for writer in ended.writers { writer.resume(returning: .failure(error)) }
        for callback in ended.onEnd { callback() }
    }
}
