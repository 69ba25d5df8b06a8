import Synchronization

/// Keeps what happens, in order, and lets a test wait for what it looks for.
final class Recorder<Element: Sendable>: Sendable {
    private struct Waiter {
        let isWanted: @Sendable (Element) -> Bool
        let continuation: CheckedContinuation<Element, Never>
    }

    private struct State {
        var elements: [Element] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    var elements: [Element] { state.withLock { $0.elements } }

    func append(_ element: Element) {
        let ready = state.withLock { state in
            state.elements.append(element)
            let ready = state.waiters.filter { $0.isWanted(element) }
            state.waiters.removeAll { $0.isWanted(element) }
            return ready
        }
        for waiter in ready { waiter.continuation.resume(returning: element) }
    }

    /// The first element that fits, past or to come.
    func first(where isWanted: @escaping @Sendable (Element) -> Bool) async -> Element {
        await withCheckedContinuation { continuation in
            let found = state.withLock { state in
                let found = state.elements.first(where: isWanted)
                if found == nil { state.waiters.append(Waiter(isWanted: isWanted, continuation: continuation)) }
                return found
            }
            if let found { continuation.resume(returning: found) }
        }
    }

    /// The first `count` elements, as soon as there are so many.
    func first(_ count: Int) async -> [Element] {
        while true {
            let seen = elements.count
            if seen >= count { return Array(elements.prefix(count)) }
            _ = await next(after: seen)
        }
    }

    private func next(after seen: Int) async -> Element {
        await withCheckedContinuation { continuation in
            let found = state.withLock { state in
                let found = state.elements.count > seen ? state.elements[seen] : nil
                if found == nil { state.waiters.append(Waiter(isWanted: { _ in true }, continuation: continuation)) }
                return found
            }
            if let found { continuation.resume(returning: found) }
        }
    }
}
