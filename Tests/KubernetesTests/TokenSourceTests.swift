import Logging
import Synchronization
import Testing

@testable import Kubernetes

@Suite struct TokenSourceTests {
    private final class Clock: Sendable {
        private let value = Mutex(Duration.zero)

        var now: Duration {
            get { value.withLock { $0 } }
            set { value.withLock { $0 = newValue } }
        }
    }

    private let files = TestFiles(["/token": " one\n"])
    private let clock = Clock()
    private let tokens: TokenSource

    init() {
        tokens = TokenSource(
            path: "/token",
            in: files.environment(),
            now: { [clock] in clock.now },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    @Test func readsTheFileAtMostOnceAMinute() {
        #expect(tokens.token() == "one")
        files["/token"] = "two"
        clock.now = .seconds(59)
        #expect(tokens.token() == "one")
        #expect(files.readCount == 1)
        clock.now = .seconds(60)
        #expect(tokens.token() == "two")
    }

    @Test func keepsTheOldTokenWhenTheFileCannotBeRead() {
        #expect(tokens.token() == "one")
        for broken in [nil, "", " \n"] {
            files["/token"] = broken
            clock.now += .seconds(60)
            #expect(tokens.token() == "one")
        }
        files["/token"] = "two"
        clock.now += .seconds(60)
        #expect(tokens.token() == "two")
    }

    @Test func aRejectedTokenIsReadAgainAtOnce() {
        #expect(tokens.token() == "one")
        #expect(tokens.replacement(for: "one") == nil)
        files["/token"] = "two"
        #expect(tokens.replacement(for: "one") == "two")
        #expect(tokens.token() == "two")
    }

    @Test func withoutAnyTokenThereIsNone() {
        files["/token"] = nil
        #expect(tokens.token() == nil)
        files["/token"] = "one"
        #expect(tokens.token() == "one")
    }
}
