/// When waiting batches go to the backend, and how many of them as one request.
///
/// By default it is opportunistic: a batch that comes after a pause goes out at once, so there is no extra latency
/// without load. Under load batches gather, and go out together as soon as they add up to `threshold` or the last request
/// is `linger` old: the cost of a request to the backend is shared by all batches in it. Where senders wait for the
/// backend's answer (`wait_for_result`), the end of the last request in flight also sends what has gathered, as in Nagle's
/// algorithm: waiting longer would slow the senders down.
///
/// `sending_queue::batch` and the `batch` processor are the same mechanism with the user's figures: then every batch
/// waits until enough has gathered, or `linger` for others.
///
/// The bytes of the batches are put in a row and not touched (in protobuf, concatenation is merging).
public struct BatchMerging: Sendable, Equatable {
    /// What `threshold` and `maximum` count.
    public enum Sizer: String, Sendable, Equatable, CaseIterable {
        /// Spans.
        case items
        case bytes
    }

    public var sizer = Sizer.bytes
    /// Gathered batches of this size do not wait any longer.
    public var threshold = 256 << 10
    /// A merged request is no larger than this. A batch that is larger by itself goes alone.
    public var maximum = 256 << 10
    /// The longest that a batch waits for others when a consumer is free; if opportunistic, also the shortest time between
    /// two requests.
    public var linger = Duration.milliseconds(5)
    /// Batches that come after a pause do not wait.
    public var isOpportunistic = true
    /// A batch that is larger than `maximum` is cut into requests that are not.
    public var cutsLargeBatches = false
    /// Only batches with the same values of these headers are merged.
    public var partitionKeys: [String] = []
    /// The most combinations of such values that may wait at a time; batches with further ones are refused.
    public var partitionLimit = Int.max

    public init() {}

    /// Every batch is a request of its own, sent as soon as a consumer is free.
    public static var off: BatchMerging {
        var merging = BatchMerging()
        merging.threshold = 0
        merging.maximum = 0
        return merging
    }

    func size(of batch: TraceBatch) -> Int {
        switch sizer {
        case .items: batch.spanCount
        case .bytes: batch.byteCount
        }
    }

    /// What tells batches apart.
    func partition(of batch: TraceBatch) -> [[String]] {
        partitionKeys.isEmpty ? [] : partitionKeys.map { batch.metadata?[$0] ?? [] }
    }
}
