/// What a replaying API server does instead of answering.
public enum APIFailure: Sendable, Equatable {
    case status(APIStatus)
    /// Never answers.
    case hang
    /// Begins an answer and closes the connection in the middle of it.
    case cutOff
}

/// Kinds of requests that failures can be confined to.
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
