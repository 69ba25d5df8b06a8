/// When waiting batches go to the backend, and how many of them as one request.
///
/// Merging is opportunistic, as in Nagle's algorithm: an idle exporter sends a batch at once, so there is no extra
/// latency without load. While a request is in flight, further batches gather, and go out together as soon as nothing
/// is in flight any more, they add up to `threshold` bytes, or the oldest has waited for `linger`. The bytes of the
/// batches are put in a row and not touched (in protobuf, concatenation is merging).
public struct BatchMerging: Sendable, Equatable {
    /// Gathered bytes that do not wait for the request in flight.
    public var threshold = 256 << 10
    /// A merged request is no longer than this; a longer batch goes alone.
    public var maximum = 4 << 20
    /// The longest time a batch waits for others when a consumer is free.
    public var linger = Duration.milliseconds(5)

    public init() {}

    /// Every batch is a request of its own, sent as soon as a consumer is free.
    public static var off: BatchMerging {
        var merging = BatchMerging()
        merging.threshold = 0
        merging.maximum = 0
        return merging
    }
}
