import Collector
import Testing

@testable import Components

@Suite struct ComponentRegistryTests {
    @Test func typesAndAliasesAreUnique() {
        for kind in Dictionary(grouping: ComponentRegistry.factories, by: { "\($0.make)".prefix { $0 != "(" } }).values
        {
            let names = kind.flatMap { [$0.type] + $0.aliases }
            #expect(Set(names).count == names.count)
        }
    }

    @Test func everyOptionIsExplained() {
        for factory in ComponentRegistry.factories {
            for option in factory.configuration.options {
                #expect(!option.kind.isEmpty && !option.help.isEmpty && !option.example.isEmpty, "\(option.key)")
            }
        }
    }
}
