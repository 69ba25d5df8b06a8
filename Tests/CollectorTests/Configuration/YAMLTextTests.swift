import TestSupport
import Testing

@testable import Collector

@Suite struct YAMLTextTests {
    func parse(_ text: String) throws -> ConfigNode { try YAMLText.parse(text, source: "c.yaml") }

    func error(_ text: String) -> String {
        do {
            return "no error: \(try parse(text))"
        } catch {
            return "\(error)"
        }
    }

    @Test func nodesKnowTheirPathAndTheirPlace() throws {
        var root = try ConfigMap(parse("a:\n  b: 5\n  c:\n    - x\n    - y: z\n"))
        var a = try root.map("a")
        let b = a.take("b")
        #expect(b == ConfigNode(.int(5), text: "5", path: "a::b", position: "c.yaml:2:6", keyPosition: "c.yaml:2:3"))
        let elements = try a.nodes("c")
        #expect(elements.map(\.path) == ["a::c::0", "a::c::1"])
        #expect(elements.map(\.position) == ["c.yaml:4:7", "c.yaml:5:7"])
    }

    @Test(arguments: [
        ("", ConfigNode.Value.null), ("~", .null), ("null", .null), ("true", .bool(true)), ("FALSE", .bool(false)),
        ("yes", .string("yes")), ("on", .string("on")), ("5", .int(5)), ("-5", .int(-5)), ("+5", .int(5)),
        ("0123", .int(123)), ("0x1F", .int(31)), ("0o17", .int(15)), ("1_000", .string("1_000")),
        ("1.5", .double(1.5)), ("1.", .double(1)), (".5", .double(0.5)), ("1e3", .double(1000)),
        ("-1.5E-3", .double(-0.0015)), (".", .string(".")), ("1e", .string("1e")), ("-", .string("-")),
        (".inf", .double(.infinity)), ("-.INF", .double(-.infinity)), ("1.2.3", .string("1.2.3")),
        ("12:30", .string("12:30")), ("99999999999999999999", .double(1e20)), ("5s", .string("5s")),
    ])
    func plainScalarsHaveTheTypesOfTheCoreSchema(text: String, value: ConfigNode.Value) {
        #expect(YAMLScalar.plainValue(of: text) == value)
    }

    @Test func quotedScalarsAreStringsAndKeepTheirText() throws {
        let node = try parse("[\"5\", '~', !!str 7, !!int \"8\", 0123, \"a\\tb\"]")
        let elements = try node.list()
        #expect(
            elements.map(\.value)
                == [.string("5"), .string("~"), .string("7"), .int(8), .int(123), .string("a\tb")]
        )
        #expect(elements.map(\.text) == ["5", "~", "7", "8", "0123", "a\tb"])
    }

    @Test func anEmptyDocumentIsNull() throws {
        #expect(try parse("").value == .null)
        #expect(try parse("# only a comment\n").value == .null)
    }

    @Test func aliasesAndMergeKeysAreResolved() throws {
        let node = try parse(
            """
            base: &base {a: 1, b: 2}
            other: &other {b: 3, c: 4}
            same: *base
            merged:
              <<: [*base, *other]
              a: 9
            """
        )
        var root = try ConfigMap(node)
        var same = try root.map("same")
        #expect(try same.int("b", default: 0) == 2)
        var merged = try root.map("merged")
        #expect(try merged.int("a", default: 0) == 9)
        #expect(try merged.int("b", default: 0) == 2)
        #expect(try merged.int("c", default: 0) == 4)
    }

    @Test func keysWithColonsArePaths() throws {
        var root = try ConfigMap(parse("a::b::c: 1\na: {d: 2}\n"))
        var a = try root.map("a")
        var b = try a.map("b")
        #expect(b.path == "a::b")
        #expect(try b.int("c", default: 0) == 1)
        #expect(try a.int("d", default: 0) == 2)
    }

    @Test func badTextIsAnErrorWithItsPlace() {
        #expect(
            error("a: [1, 2").hasPrefix("c.yaml:2:1: invalid YAML: while parsing a flow sequence (line 1, column 4)")
        )
        #expect(error("a: 1\n b: 2").hasPrefix("c.yaml:2:3: invalid YAML: mapping values are not allowed"))
        #expect(error("a:\n\t- b").hasPrefix("c.yaml:2:1: invalid YAML: "))
        #expect(error("a: *x").hasPrefix("c.yaml:1:4: invalid YAML: found undefined alias"))
        #expect(error("? [a]\n: b") == "c.yaml:1:3: expected a key that is a string")
        #expect(error("a: 1\n---\nb: 2").contains("expected a single document"))
        #expect(error("a: \u{1}").hasPrefix("c.yaml:1:4: invalid YAML: control characters"))
        #expect(error("a: {<<: 5}") == "c.yaml:1:9: a: expected a map behind \"<<\", got 5")
    }

    @Test func aKeyMayStandOnlyOnce() {
        #expect(error("b: 1\na: 1\nc: 2\na: 3\n").hasPrefix("c.yaml:"))
        #expect(error("b: 1\na: 1\nc: 2\na: 3\n").hasSuffix("a key may stand only once in a map, duplicated: \"a\""))
    }

    @Test func textThatGrowsWithoutBoundIsRefused() {
        var text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        for level in 1..<12 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(error(text).contains("more than 100000 values"))
        #expect(error(String(repeating: "[", count: 100_000)).contains("invalid YAML"))
    }

    @Test func mutatedTextIsReadOrRefused() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let text = Array("a: &x {b: [1, 2.5, \"q\"], <<: *y}\nc::d: |\n  t\n? k\n: !!int 5\n".utf8)
        for _ in 0..<3000 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0..<128, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(text[Int.random(in: 0..<text.count, using: &random)], at: index)
                }
            }
            let node = try? parse(String(decoding: bytes, as: UTF8.self))
            #expect(node?.path ?? "" == "", "seed \(seed)")
        }
    }
}
