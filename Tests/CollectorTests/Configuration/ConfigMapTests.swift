import Testing

@testable import Collector

@Suite struct ConfigMapTests {
    enum Mode: String, CaseIterable {
        case events
        case spans
    }

    func map(_ text: String) throws -> ConfigMap { try ConfigMap(YAMLText.parse(text, source: "c.yaml")) }

    /// What reading `text` with `read` throws.
    func error(_ text: String, _ read: (inout ConfigMap) throws -> Void) -> String {
        do {
            var map = try map(text)
            try read(&map)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func absentAndNullHaveTheDefault() throws {
        for text in ["", "{s: , i: , b: , d: , t: , m: , e: , l: , x: }"] {
            var map = try map(text)
            #expect(try map.string("s", default: "x") == "x")
            #expect(try map.optionalString("s") == nil)
            #expect(try map.int("i", default: 7) == 7)
            #expect(try map.bool("b", default: true))
            #expect(try map.double("d", default: 0.5) == 0.5)
            #expect(try map.duration("t", default: .seconds(5)) == .seconds(5))
            #expect(try map.oneOf("m", default: Mode.spans) == .spans)
            #expect(try map.endpoint("e", default: Endpoint(host: "h", port: 1)).port == 1)
            #expect(try map.strings("l", default: ["a"]) == ["a"])
            #expect(try map.stringMap("x", default: ["a": "b"]) == ["a": "b"])
            try map.finish()
        }
    }

    @Test func valuesAreRead() throws {
        var map = try map(
            """
            s: 0123
            i: 8
            b: false
            d: 2
            t: 1m30s
            z: 0
            m: events
            e: 0.0.0.0:4318
            l: [a, 5, true]
            x: {authorization: Basic abc, n: 1}
            nested: {deep: {key: 1}}
            maps: [{k: 1}, {k: 2}]
            """
        )
        #expect(try map.string("s", default: "") == "0123")
        #expect(try map.int("i", default: 0) == 8)
        #expect(try map.bool("b", default: true) == false)
        #expect(try map.double("d", default: 0) == 2)
        #expect(try map.duration("t", default: .zero) == .seconds(90))
        #expect(try map.duration("z", default: .seconds(1)) == .zero)
        #expect(try map.oneOf("m", default: Mode.spans) == .events)
        #expect(try map.endpoint("e", default: Endpoint(host: "", port: 0)) == Endpoint(host: "0.0.0.0", port: 4318))
        #expect(try map.strings("l") == ["a", "5", "true"])
        #expect(try map.stringMap("x") == ["authorization": "Basic abc", "n": "1"])
        var nested = try map.map("nested")
        #expect(try nested.optionalMap("deep")?.remainingKeys == ["key"])
        #expect(try nested.optionalMap("absent")?.path == nil)
        #expect(try map.nodes("maps").map { try ConfigMap($0).remainingKeys } == [["k"], ["k"]])
        try map.finish()
    }

    @Test func errorsSayWhatWasExpectedAndWhere() {
        #expect(
            error("i: abc") { _ = try $0.int("i", default: 0) } == "c.yaml:1:4: i: expected a whole number, got \"abc\""
        )
        #expect(error("i: -1") { _ = try $0.int("i", default: 0) } == "c.yaml:1:4: i: must be at least 0, got -1")
        #expect(
            error("i: 12") { _ = try $0.int("i", default: 0, in: 1...9) }
                == "c.yaml:1:4: i: must be between 1 and 9, got 12"
        )
        #expect(
            error("b: yes") { _ = try $0.bool("b", default: true) }
                == "c.yaml:1:4: b: expected true or false, got \"yes\""
        )
        #expect(
            error("t: 5") { _ = try $0.duration("t", default: .zero) }
                == "c.yaml:1:4: t: expected a duration such as 300ms, 5s or 1m30s, got 5"
        )
        #expect(
            error("t: -5s") { _ = try $0.duration("t", default: .zero) }
                == "c.yaml:1:4: t: must be at least 0s, got \"-5s\""
        )
        #expect(
            error("t: 2m") { _ = try $0.duration("t", default: .zero, in: .seconds(1) ... .seconds(60)) }
                == "c.yaml:1:4: t: must be between 1s and 1m, got \"2m\""
        )
        #expect(error("d: .nan") { _ = try $0.double("d", default: 0) } == "c.yaml:1:4: d: expected a number, got .nan")
        #expect(
            error("m: x") { _ = try $0.oneOf("m", default: Mode.spans) }
                == "c.yaml:1:4: m: expected one of events, spans, got \"x\""
        )
        #expect(
            error("s: [1]") { _ = try $0.string("s", default: "") } == "c.yaml:1:4: s: expected a string, got a list"
        )
        #expect(error("l: {}") { _ = try $0.strings("l") } == "c.yaml:1:4: l: expected a list, got a map")
        #expect(error("x: 1") { _ = try $0.map("x") } == "c.yaml:1:4: x: expected a map, got 1")
        #expect(error("[]") { _ in } == "c.yaml:1:1: expected a map, got a list")
        #expect(
            error("a: {b: }") { map in
                var a = try map.map("a")
                _ = try a.requiredString("b")
            } == "c.yaml:1:1: a: \"b\" must be specified"
        )
        #expect(error("b: ''") { _ = try $0.requiredString("b") } == "c.yaml:1:4: b: must not be empty")
    }

    @Test func unknownKeysAreErrorsWithTheNearestKnownOne() {
        let message = error("otlp:\n  http:\n    endpont: x\n    foo: 1\n") { map in
            var otlp = try map.map("otlp")
            var http = try otlp.map("http")
            _ = try http.optionalString("endpoint")
            _ = try http.optionalString("path")
            try http.finish()
        }
        #expect(message == "c.yaml:3:5: otlp::http: has invalid keys: endpont (did you mean \"endpoint\"?), foo")
    }

    @Test(arguments: [
        ("localhost:4318", Endpoint(host: "localhost", port: 4318)), ("[::1]:80", Endpoint(host: "::1", port: 80)),
        (":4318", Endpoint(host: "", port: 4318)), ("127.0.0.1:0", Endpoint(host: "127.0.0.1", port: 0)),
    ])
    func endpointsAreRead(text: String, endpoint: Endpoint) {
        #expect(Endpoint(text) == endpoint)
    }

    @Test(arguments: [
        "", "localhost", "localhost:", "localhost:x", "localhost:65536", "::1:80", "[::1]", "http://localhost:80",
        "[x]:1",
        "a b:1", "localhost:+1",
    ])
    func whatIsNoEndpointIsRefused(text: String) {
        #expect(Endpoint(text) == nil)
    }

    @Test func spellingFindsWhatWasMeant() {
        #expect(Spelling.nearest(to: "otpl", in: ["otlp", "debug"]) == "otlp")
        #expect(Spelling.nearest(to: "endpont", in: ["endpoint", "path"]) == "endpoint")
        #expect(Spelling.nearest(to: "zzz", in: ["endpoint", "path"]) == nil)
        #expect(Spelling.nearest(to: "", in: []) == nil)
        #expect(Spelling.distance("", "abc") == 3)
        #expect(Spelling.distance("kitten", "sitting") == 3)
        #expect(Spelling.distance("abcd", "abdc") == 1)
    }

    @Test func aListOfErrorsTakesThemAllAndValuesAreAbsent() throws {
        let errors = ConfigErrorList()
        let text = "{i: x, s: [1], b: 1, nested: {d: 5, k: 1}, m: 1, l: [[1]], zone: 1}"
        let node = try YAMLText.parse(text, source: "c")
        var map = try ConfigMap(node, errors: errors)
        #expect(try map.int("i", default: 7) == 7)
        #expect(try map.optionalString("s") == nil)
        #expect(try map.bool("b", default: true))
        var nested = try map.map("nested")
        #expect(try nested.duration("d", default: .seconds(1)) == .seconds(1))
        try nested.finish()
        let m = try map.optionalMap("m")
        #expect(m == nil)
        #expect(try map.strings("l") == [])
        #expect(try map.requiredString("r") == "")
        try map.finish()
        #expect(errors.errors.map(\.path) == ["i", "s", "b", "nested::d", "nested", "m", "l::0", "", ""])
        #expect(errors.errors.last?.message == "has invalid keys: zone")
    }

    @Test func aCheckOfWhatCouldNotBeReadSaysNothing() throws {
        let errors = ConfigErrorList()
        var map = try ConfigMap(YAMLText.parse("{a: {i: x, k: 1}, b: {i: 1}}", source: "c"), errors: errors)
        var (a, b) = (try map.map("a"), try map.map("b"))
        _ = try a.int("i", default: 0)
        _ = try b.int("i", default: 0)
        try a.report("i must be positive")
        try b.report("i must be even")
        #expect(
            errors.errors.map(\.description) == [
                "c:1:9: a::i: expected a whole number, got \"x\"", "c:1:19: b: i must be even",
            ]
        )
    }
}
