import Logging
import NIOEmbedded
import ServiceLifecycle
import Testing

@testable import Collector

@Suite struct ComponentContextTests {
    private final class Extensions: ExtensionSource {
        func `extension`(_ id: ComponentID) -> (any Service)? { nil }
    }

    private struct NoStatuses: StatusSource {
        func current() -> [String: ComponentStatus] { [:] }
        var isReady: Bool { true }
    }

    private struct Reference { weak var extensions: Extensions? }

    /// It outlives the component, reload after reload; the extensions of the first must not.
    @Test func whatIsDetachedDoesNotKeepTheExtensionsAlive() {
        func context(_ extensions: Extensions) -> ComponentContext {
            ComponentContext(
                id: ComponentID(type: "tekton_steps"),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                eventLoopGroup: EmbeddedEventLoop(),
                report: { _ in },
                statuses: NoStatuses(),
                shutdownTimeout: .seconds(1),
                extensions: extensions
            )
        }
        func detached() -> (ComponentContext, Reference) {
            let extensions = Extensions()
            let context = context(extensions)
            return (context.detached(owner: "watches") { _ in }, Reference(extensions: extensions))
        }
        let (context, reference) = detached()
        withExtendedLifetime(context) {
            #expect(context.extensions is NoExtensions)
            #expect(reference.extensions == nil)
        }
    }
}
