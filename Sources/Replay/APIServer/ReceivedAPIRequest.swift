/// What a request asks for.
public enum APIVerb: Sendable, Equatable {
    case list
    case get
    case watch
    /// Discovery, version and health.
    case other
}

/// A request as it came in.
public struct ReceivedAPIRequest: Sendable, Equatable {
    public let verb: APIVerb
    public let resource: RecordedResource?
    public let path: String
    /// As sent, percent-encoded.
    public let query: String
    /// The header Authorization.
    public let authorization: String?
}
