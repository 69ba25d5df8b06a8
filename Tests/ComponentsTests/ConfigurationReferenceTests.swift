import Collector
import Components
import FoundationEssentials
import Testing

/// What every component's table of options says has to be what its configuration does.
@Suite struct ConfigurationReferenceTests {
    static let factories = ComponentRegistry.factories

    @Test func thePageHasWhatTheCodeHas() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appending(path: "docs/configuration.md"))
        let page = String(decoding: data, as: UTF8.self)
        let begin = try #require(page.firstRange(of: "<!-- components: begin -->\n"))
        let end = try #require(page.firstRange(of: "<!-- components: end -->"))
        #expect(
            String(page[begin.upperBound..<end.lowerBound]) == ConfigurationReference.markdown(Self.factories),
            "run Scripts/render-configuration-docs"
        )
    }

    @Test func typesAreUnique() {
        for kind in ComponentKind.allCases {
            let names = Self.factories.filter { $0.kind == kind }.flatMap { [$0.type] + $0.aliases }
            #expect(Set(names).count == names.count, "\(names)")
        }
    }

    @Test(arguments: factories.map(\.label))
    func everyExampleAndChoiceIsRead(component: String) throws {
        let subject = try Subject(component)
        for option in subject.options {
            for value in option.values {
                #expect(subject.companions(of: option, value) != nil, "\(option.key): \(value)")
            }
        }
    }

    @Test(arguments: factories.map(\.label))
    func everyDefaultIsWhatAbsenceMeans(component: String) throws {
        let subject = try Subject(component)
        for option in subject.options where !option.default.isEmpty {
            let companions = try #require(subject.companions(of: option, option.default), "\(option.key)")
            let explicit = try subject.decode(companions + [(option.key, option.default)])
            // A map that is there, if empty, may mean more than one that is not, such as a protocol to serve.
            let parent = option.key.split(separator: ".").dropLast().joined(separator: ".")
            let maps = parent.isEmpty ? [] : [(key: parent, value: "{}")]
            #expect(isEqual(explicit, try subject.decode(maps + companions)), "default of \(option.key)")
        }
    }

    @Test(arguments: factories.map(\.label))
    func unknownKeysAreErrorsAtEveryLevel(component: String) throws {
        let subject = try Subject(component)
        let maps = subject.options.map { $0.key.split(separator: ".").dropLast() }
        for map in Set(maps + [[]]) {
            let key = (map + ["no_such_key"]).joined(separator: ".")
            #expect("\(key)") {
                try subject.decode(subject.base + [(key, "1")])
            } throws: { error in
                (error as? ConfigErrors)?.errors.contains { $0.message.contains("invalid keys: no_such_key") } == true
            }
        }
    }
}

/// A component's configuration, put together from its table of options.
private struct Subject {
    typealias Values = [(key: String, value: String)]

    let factory: ComponentFactory
    /// The least that is a good configuration: nothing, or one option or two.
    let base: Values

    var options: [ConfigOption] { factory.configuration.options }

    init(_ label: String) throws {
        let factory = try #require(ConfigurationReferenceTests.factories.first { $0.label == label })
        self.factory = factory
        let single = factory.configuration.options.map { ($0.key, $0.example) }
        let candidates = [[]] + single.map { [$0] } + single.flatMap { one in single.map { [one, $0] } }
        base = try #require(candidates.first { (try? Self.decode($0, factory)) != nil })
    }

    /// What has to be there besides `value` for `option` so that it is good, if possible something good by itself; nil
    /// when nothing helps.
    func companions(of option: ConfigOption, _ value: String) -> Values? {
        let base = base.filter { $0.key != option.key }
        let others = options.filter { $0.key != option.key }.flatMap { other in
            other.values.map { base + [(other.key, $0)] }
        }
        // The base may be what it cannot be together with.
        let alone = [[]] + options.filter { $0.key != option.key }.map { [($0.key, $0.example)] }
        let helpful = ([base] + others + alone).lazy.filter { isGood($0 + [(option.key, value)]) }
        return helpful.first(where: isGood) ?? helpful.first { _ in true }
    }

    private func isGood(_ values: Values) -> Bool { (try? decode(values)) != nil }

    func decode(_ values: Values) throws -> any ComponentConfiguration { try Self.decode(values, factory) }

    private static func decode(_ values: Values, _ factory: ComponentFactory) throws -> any ComponentConfiguration {
        let lines = values.map { "\($0.key.split(separator: ".").joined(separator: "::")): \($0.value)" }
        return try factory.decode(YAMLText.parse(lines.joined(separator: "\n"), source: "test"))
    }
}

extension ConfigOption {
    /// The example, and the choices when these are listed (`events | spans | none`).
    fileprivate var values: [String] {
        let choices = kind.split(separator: " | ").map(String.init)
        return [example] + (choices.count > 1 ? choices : [])
    }
}

extension ComponentFactory {
    fileprivate var label: String { "\(kind.rawValue) \(type)" }
}

private func isEqual(_ left: any ComponentConfiguration, _ right: any ComponentConfiguration) -> Bool {
    func compare<Configuration: ComponentConfiguration>(_ left: Configuration) -> Bool {
        left == right as? Configuration
    }
    return compare(left)
}
