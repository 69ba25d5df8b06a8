import CLibcurl
import Glibc
import Synchronization

/// What any thread may ask of the loop's thread.
enum Command: Sendable {
    case start(Transfer)
    /// Its token says so already.
    case cancel(TransferToken)
    /// The reader of a paused stream has caught up.
    case resume(TransferToken)
}

/// The way from every thread to the loop's. Wakes the loop only if it may be asleep.
final class Inbox: Sendable {
    private struct State {
        var commands: [Command] = []
        var isClosed = false
    }

    /// Becomes readable when there is something for a sleeping loop. Watched edge-triggered, hence never read.
    let wakeDescriptor: CInt
    private let state = Mutex(State())
    private let isAsleep = Atomic(false)

    init() throws(HTTPClientError) {
        wakeDescriptor = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
        guard wakeDescriptor >= 0 else { throw HTTPClientError(systemCall: "eventfd") }
    }

    deinit { Glibc.close(wakeDescriptor) }

    /// False after `close`: the command is dropped.
    @discardableResult
    func post(_ command: Command) -> Bool {
        let accepted = state.withLock { state in
            guard !state.isClosed else { return false }
            state.commands.append(command)
            return true
        }
        if accepted { wake() }
        return accepted
    }

    /// The loop ends once it has seen this. True for the first call.
    func close() -> Bool {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        if isFirst { wake() }
        return isFirst
    }

    /// Moves what has come into `commands`, which must be empty, and says whether the inbox has been closed.
    func take(into commands: inout [Command]) -> Bool {
        state.withLock { state in
            swap(&state.commands, &commands)
            return state.isClosed
        }
    }

    /// The loop is about to wait: false if it must not, as something has come. Called before each wait.
    func beginSleep() -> Bool {
        // First the flag, then the look: whoever posts after the look finds the flag.
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        return state.withLock { $0.commands.isEmpty && !$0.isClosed }
    }

    /// The loop is awake, and looks into the inbox before it waits again.
    func endSleep() { isAsleep.store(false, ordering: .sequentiallyConsistent) }

    private func wake() {
        guard isAsleep.exchange(false, ordering: .sequentiallyConsistent) else { return }
        eventfd_write(wakeDescriptor, 1)
    }
}
