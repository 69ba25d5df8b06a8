/// A request to send.
public struct HTTPClientRequest: Sendable {
    public var method: String
    public var url: String
    /// A `Host` entry overrides the one from the URL.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// For the whole exchange; nil for none (watches).
    public var timeout: Duration?
    /// Longest silence between two pieces of the answer; nil for none. For streams: a watch that went dead is noticed.
    public var idleTimeout: Duration?
    /// Longer answers are an error (`responseTooLarge`); streams are not limited.
    public var maxResponseBytes: Int
    /// Ask for a compressed answer and decompress it; `maxResponseBytes` counts decompressed bytes.
    public var acceptsCompression: Bool

    public init(
        method: String,
        url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        timeout: Duration? = .seconds(30),
        idleTimeout: Duration? = nil,
        maxResponseBytes: Int = 4 << 20,
        acceptsCompression: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.maxResponseBytes = maxResponseBytes
        self.acceptsCompression = acceptsCompression
    }
}
