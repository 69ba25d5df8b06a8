internal import FoundationEssentials
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A steptrace process: started with arguments, its log read as it comes, ended by signal.
///
/// Whoever starts one ends it with `stop`; one that is dropped is killed.
public final class GatewayProcess: Sendable {
    public let pid: Int32
    private let log: Observed<GatewayLog>
    /// Held around kill and reaping, so that no signal goes to another process of the same id.
    private let isReaped = Mutex(false)

    /// Starts `executable` with standard output and standard error read as its log.
    ///
    /// - Parameters:
    ///   - executable: a path; `/proc/self/exe` for this very program.
    ///   - arguments: without the program's name.
    ///   - environment: variables beside those of this process, or in place of them.
    public static func start(
        _ executable: String,
        arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> GatewayProcess {
        var ends: [Int32] = [-1, -1]
        // Not a pipe: that cannot be kept from another process that is started at the same moment.
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw GatewayError(action: "socketpair", code: errno) }
        let (readEnd, writeEnd) = (ends[0], ends[1])
        let pid: pid_t
        do {
            defer { close(writeEnd) }
            pid = try spawn(executable, ["steptrace"] + arguments, environment, output: writeEnd)
        } catch {
            close(readEnd)
            throw error
        }
        let process = GatewayProcess(pid: pid)
        try await process.read(readEnd)
        return process
    }

    private init(pid: pid_t) {
        self.pid = pid
        log = Observed(GatewayLog())
    }

    deinit {
        // Whatever is left is reaped by the reader, which holds no reference to this.
        isReaped.withLock { if !$0 { _ = Glibc.kill(pid, SIGKILL) } }
    }

    /// For /proc.
    public var processID: Int32 { pid }

    /// What it has logged so far.
    public var output: GatewayLog { log.value }

    /// True once the condition holds; false when it did not within the timeout.
    public func waitUntil(
        timeout: Duration = .seconds(20),
        _ condition: @escaping @Sendable (GatewayLog) -> Bool
    ) async -> Bool {
        await log.wait(timeout: timeout, until: condition)
    }

    /// Waits until all components have started.
    ///
    /// - Throws: when it ends before, or takes longer; with its log.
    public func waitUntilReady(timeout: Duration = .seconds(20)) async throws {
        _ = await waitUntil(timeout: timeout) { $0.isReady || $0.exit != nil }
        guard output.isReady, output.exit == nil else { throw GatewayNotReady(log: output.text) }
    }

    /// The address that a component listens on for HTTP, by its log; nil when it has not said so.
    ///
    /// - Parameter component: such as `otlp` or `health_check`.
    public func endpoint(of component: String) -> String? {
        output.lines.first {
            $0.message.hasPrefix("Starting ") && !$0.message.contains("GRPC")
                && $0.component.split(separator: ":").last ?? "" == component
        }?.attributes["endpoint"]
    }

    public func send(signal: Int32) {
        isReaped.withLock { if !$0 { _ = Glibc.kill(pid, signal) } }
    }

    /// How it ended; nil when it is still running after the timeout.
    public func waitForExit(timeout: Duration = .seconds(20)) async -> GatewayLog.Exit? {
        _ = await waitUntil(timeout: timeout) { $0.exit != nil }
        return output.exit
    }

    /// Sends SIGTERM and waits for the end, also in a cancelled task; sends SIGKILL when it takes longer than the timeout.
    @discardableResult
    public func stop(timeout: Duration = .seconds(20)) async -> GatewayLog.Exit? {
        await Task {
            send(signal: SIGTERM)
            if let exit = await waitForExit(timeout: timeout) { return exit }
            send(signal: SIGKILL)
            return await waitForExit()
        }.value
    }

    /// Reads the log to its end, then learns how the process ended.
    private func read(_ descriptor: Int32) async throws {
        let log = log
        let reap = { @Sendable [weak self, pid] in
            // Blocks no longer than the process takes from closing its output to its end.
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) == -1, errno == EINTR {}
            let reapNow = { () -> GatewayLog.Exit in
                var status: Int32 = 0
                while waitpid(pid, &status, 0) == -1, errno == EINTR {}
                return status & 0x7F == 0 ? .code(status >> 8 & 0xFF) : .signal(status & 0x7F)
            }
            let exit =
                if let self {
                    self.isReaped.withLock { isReaped in
                        isReaped = true
                        return reapNow()
                    }
                } else {
                    reapNow()
                }
            log.update { log in
                log.finish()
                log.exit = exit
            }
        }
        _ = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LogReader(log: log, onEnd: reap))
                }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
            .get()
    }

    private static func spawn(
        _ executable: String,
        _ arguments: [String],
        _ environment: [String: String],
        output: Int32
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        // SwiftNIO's sockets are inherited: a listening one would keep its port, a connection would not end when it is
        // closed here.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            guard let descriptor = Int32(name), descriptor > STDERR_FILENO else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }

        // A process inherits blocked and ignored signals; the gateway is to get those it would have from a shell.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGTERM, SIGINT, SIGPIPE, SIGXFSZ] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
        let code = withCStrings(arguments) { arguments in
            withCStrings(variables) { variables in
                var pid: pid_t = 0
                let code = posix_spawn(&pid, executable, &actions, &attributes, arguments, variables)
                return code == 0
                    ? Result<pid_t, GatewayError>.success(pid) : .failure(GatewayError(action: executable, code: code))
            }
        }
        return try code.get()
    }
}

/// A process could not be started.
public struct GatewayError: Error, CustomStringConvertible {
    let action: String
    let code: Int32

    public var description: String { "\(action): \(String(cString: strerror(code)))" }
}

/// A gateway did not become ready.
public struct GatewayNotReady: Error, CustomStringConvertible {
    public let log: String

    public init(log: String) {
        self.log = log
    }

    public var description: String { "the gateway did not become ready:\n\(log)" }
}

/// Calls `body` with the strings as C has them: an array of pointers that ends with nil.
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeBufferPointer { buffer in
        // An array with an element has an address.
        body(buffer.baseAddress.unsafelyUnwrapped)
    }
}

private final class LogReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let log: Observed<GatewayLog>
    private let onEnd: @Sendable () -> Void

    init(log: Observed<GatewayLog>, onEnd: @escaping @Sendable () -> Void) {
        self.log = log
        self.onEnd = onEnd
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        log.update { $0.append(bytes.readableBytesView) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        NIOThreadPool.singleton.submit { [onEnd] _ in onEnd() }
    }
}
