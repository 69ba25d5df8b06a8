import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import Collector

@Suite struct CollectorLogHandlerTests {
    /// What `log` writes.
    func lines(_ configuration: LogsConfiguration, _ log: (inout Logger) -> Void) -> [String] {
        let lines = Lines()
        let settings = LogSettings(configuration)
        var logger = Logger(label: "receiver:otlp") { label in
            let time = Date(timeIntervalSince1970: 1_795_422_403.53125)
            return CollectorLogHandler(label: label, settings: settings, now: { time }) { lines.add($0) }
        }
        log(&logger)
        return lines.all
    }

    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test func consoleLinesAreSeparatedByTabs() {
        let lines = lines(LogsConfiguration()) { logger in
            logger.debug("unseen")
            logger.info("Listening")
            logger[metadataKey: "endpoint"] = "127.0.0.1:4318"
            logger.warning("Refused", metadata: ["spans": .stringConvertible(5), "why": "a \"b\"\n"])
            logger.error("Bad")
        }
        #expect(
            lines == [
                "2026-11-23T08:26:43.531Z\tinfo\treceiver:otlp\tListening\n",
                "2026-11-23T08:26:43.531Z\twarn\treceiver:otlp\tRefused\t"
                    + "{\"endpoint\": \"127.0.0.1:4318\", \"spans\": 5, \"why\": \"a \\\"b\\\"\\n\"}\n",
                "2026-11-23T08:26:43.531Z\terror\treceiver:otlp\tBad\t{\"endpoint\": \"127.0.0.1:4318\"}\n",
            ]
        )
    }

    @Test func jsonLinesAreObjects() throws {
        let lines = lines(LogsConfiguration(level: .debug, encoding: .json)) { logger in
            logger.debug("a\tb\u{1}\u{E9}", metadata: ["list": ["x", ["k": "v"]], "on": .stringConvertible(true)])
        }
        #expect(
            lines == [
                "{\"level\": \"debug\", \"ts\": \"2026-11-23T08:26:43.531Z\", \"logger\": \"receiver:otlp\", "
                    + "\"msg\": \"a\\tb\\u0001\u{E9}\", \"list\": [\"x\", {\"k\": \"v\"}], \"on\": true}\n"
            ]
        )
        let object = try YAMLText.parse(try #require(lines.first), source: "line")
        #expect(try ConfigMap(object).remainingKeys == ["level", "ts", "logger", "msg", "list", "on"])
    }

    @Test func initialFieldsAreInEveryLineUnlessItHasItsOwn() {
        var configuration = LogsConfiguration()
        configuration.initialFields = ["cluster": "a", "error": "b"]
        let lines = lines(configuration) { logger in
            logger.info("m")
            logger.info("n", metadata: ["error": "c"])
        }
        #expect(lines.count == 2 && lines[0].hasSuffix("m\t{\"cluster\": \"a\", \"error\": \"b\"}\n"))
        #expect(lines[1].hasSuffix("n\t{\"cluster\": \"a\", \"error\": \"c\"}\n"))
    }

    @Test func levelsAreThoseOfTheConfiguration() {
        for (level, count) in [(LogsConfiguration.Level.debug, 4), (.info, 3), (.warn, 2), (.error, 1)] {
            let lines = lines(LogsConfiguration(level: level)) { logger in
                logger.debug("m")
                logger.info("m")
                logger.warning("m")
                logger.error("m")
            }
            #expect(lines.count == count)
        }
    }

    @Test func settingsMayChangeWhileALoggerIsInUse() {
        let lines = Lines()
        let settings = LogSettings(LogsConfiguration())
        let logger = Logger(label: "service") { label in
            CollectorLogHandler(label: label, settings: settings, now: { .distantPast }) { lines.add($0) }
        }
        logger.debug("a")
        settings.set(LogsConfiguration(level: .debug, encoding: .json))
        logger.debug("b")
        settings.set(LogsConfiguration(level: .error))
        logger.warning("c")
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.contains("\"msg\": \"b\"") == true)
    }
}
