/// Sends the answer to one request. Use it exactly once, on any thread.
public final class HTTPResponder: Sendable {
    init() {}

    public func respond(_ response: HTTPServerResponse) {}
}
