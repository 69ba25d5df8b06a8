/// A message that has no encoding.
public enum OTLPEncodingError: Error, Equatable, Sendable {
    /// It would have 2 GiB or more, which no protobuf message may have.
    case tooLarge
}
