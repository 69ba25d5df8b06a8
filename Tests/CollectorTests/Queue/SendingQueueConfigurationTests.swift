import Testing

@testable import Collector

@Suite struct SendingQueueConfigurationTests {
    func read(_ yaml: String) throws(ConfigError) -> SendingQueueConfiguration {
        var map = try ConfigMap(YAMLText.parse(yaml, source: "test"))
        return try SendingQueueConfiguration(from: &map)
    }

    func error(_ yaml: String) -> String? {
        #expect(throws: ConfigError.self) { try read(yaml) }?.message
    }

    @Test func whatNoIntervalCanBecomeIsNoMultiplier() throws {
        for text in ["1e20", ".inf", "-1"] {
            var map = try ConfigMap(YAMLText.parse("multiplier: \(text)", source: "test"))
            #expect("\(text)") { try RetryConfiguration(from: &map) } throws: {
                "\($0)".contains("multiplier: must be")
            }
        }
        var map = try ConfigMap(
            YAMLText.parse("{multiplier: 1000, max_interval: 2000000h, max_elapsed_time: 0}", source: "t")
        )
        var backoff = Backoff(try RetryConfiguration(from: &map))
        for _ in 0..<100 { #expect(backoff.next(random: 0.999) > .zero) }
    }

    @Test func withoutBatchMergingIsOpportunistic() throws {
        #expect(try read("{}").merging == BatchMerging())
        #expect(try read("{}").storage == nil)
    }

    @Test func anEmptyBatchHasTheCollectorsDefaults() throws {
        let merging = try read("batch: {}").merging
        #expect(!merging.isOpportunistic)
        #expect(merging.cutsLargeBatches)
        #expect(merging.linger == .milliseconds(200))
        #expect(merging.threshold == 8192)
        #expect(merging.maximum == .max)
        #expect(merging.sizer == .items)
        #expect(merging.partitionKeys == [])
    }

    @Test func everyKeyIsRead() throws {
        let read = try read(
            """
            storage: file_storage/queue
            batch: {flush_timeout: 1s, min_size: 10, max_size: 20, sizer: bytes, partition: {metadata_keys: [X-A, b]}}
            """
        )
        #expect(read.storage == ComponentID(type: "file_storage", name: "queue"))
        #expect(read.merging.linger == .seconds(1))
        #expect(read.merging.threshold == 10)
        #expect(read.merging.maximum == 20)
        #expect(read.merging.sizer == .bytes)
        #expect(read.merging.partitionKeys == ["x-a", "b"])
    }

    @Test func whatCannotBeIsAnErrorInTheCollectorsWords() {
        let storage = "`wait_for_result` is not supported with a persistent queue configured with `storage`"
        #expect(error("{storage: file_storage, wait_for_result: true}") == storage)
        #expect(error("batch: {flush_timeout: 0}") == "`flush_timeout` must be positive")
        let size = "`max_size` (5) must be greater or equal to `min_size` (10)"
        #expect(error("batch: {min_size: 10, max_size: 5}") == size)
        let sizer = "`batch` supports only `items` or `bytes` sizer, found \"requests\""
        #expect(error("batch: {sizer: requests}") == sizer)
        let queue = "`min_size` must be less than or equal to `queue_size`"
        #expect(error("{sizer: items, queue_size: 100, batch: {min_size: 101}}") == queue)
        let duplicate = "duplicate entry in metadata_keys: \"a\" (case-insensitive)"
        #expect(error("batch: {partition: {metadata_keys: [a, A]}}") == duplicate)
    }

    @Test func aQueueThatIsOffHasNoStorageToRefuse() throws {
        #expect(try read("{enabled: false, storage: file_storage, wait_for_result: true}").enabled == false)
    }
}
