/// An HTTP client on libcurl's multi interface, driven by one thread of its own.
public final class HTTPClient: Sendable {
    public init() {}
}
