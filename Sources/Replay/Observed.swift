internal import Synchronization

/// A value that others wait for: whoever changes it wakes those whose condition has come true.
package final class Observed<Value: Sendable>: Sendable {
    private struct Waiter {
        let condition: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
        let timer: Task<Void, Never>

        func resume(returning holds: Bool) {
            timer.cancel()
            continuation.resume(returning: holds)
        }
    }

    private struct State {
        var value: Value
        var waiters: [UInt64: Waiter] = [:]
        var nextID: UInt64 = 0
    }

    private let state: Mutex<State>

    package init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    package var value: Value { state.withLock(\.value) }

    /// Changes the value under the lock: `body` must not call out.
    package func update<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        let (result, met) = state.withLock { state in
            let result = body(&state.value)
            let met = state.waiters.filter { $0.value.condition(state.value) }
            for id in met.keys { state.waiters[id] = nil }
            return (result, Array(met.values))
        }
        for waiter in met { waiter.resume(returning: true) }
        return result
    }

    /// True once `condition` holds; false when it did not within `timeout`, or the task was cancelled.
    package func wait(timeout: Duration, until condition: @escaping @Sendable (Value) -> Bool) async -> Bool {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let holds: Bool? = state.withLock { state in
                    if condition(state.value) { return true }
                    if Task.isCancelled { return false }
                    let timer = Task {
                        guard (try? await Task.sleep(for: timeout)) != nil else { return }
                        self.giveUp(id)
                    }
                    state.waiters[id] = Waiter(condition: condition, continuation: continuation, timer: timer)
                    return nil
                }
                if let holds { continuation.resume(returning: holds) }
            }
        } onCancel: {
            giveUp(id)
        }
    }

    private func giveUp(_ id: UInt64) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.resume(returning: false)
    }
}
