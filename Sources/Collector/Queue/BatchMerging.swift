/// When waiting batches go to the backend, and how many of them as one request.
///
/// A batch that comes after a pause goes out at once, so there is no extra latency without load. Under load batches
/// gather, and go out together as soon as they add up to `threshold` bytes or the last request is `linger` old: the cost
/// of a request to the backend is shared by all batches in it. The bytes of the batches are put in a row and not touched
/// (in protobuf, concatenation is merging).
///
/// Where senders wait for the backend's answer (`wait_for_result`), the end of the last request in flight also sends
/// what has gathered, as in Nagle's algorithm: waiting longer would slow the senders down.
public struct BatchMerging: Sendable, Equatable {
    /// Gathered bytes that do not wait any longer.
    public var threshold = 256 << 10
    /// A merged request is no longer than this; a longer batch goes alone.
    public var maximum = 256 << 10
    /// The shortest time between two requests, and the longest that a batch waits for others when a consumer is free.
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
