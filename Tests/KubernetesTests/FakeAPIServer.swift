import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Builds behind a real socket: lists, and watches that stay open. It can go away and come back on its port.
final class FakeAPIServer: Sendable {
    private struct State {
        var version = 1
        var builds: [String: String] = [:]
        var events: [(version: Int, line: String)] = []
        /// Watches from before this are answered with 410.
        var compacted = 0
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
        var watchers: [ObjectIdentifier: any Channel] = [:]
        var lists = 0
    }

    private let state = Mutex(State())
    /// Knows streaming lists. Else it ignores that one is asked for, and the watch just begins.
    private let streamsLists: Bool
    /// The watches that are asked for, by their path and query.
    let watches: AsyncStream<String>
    private let watched: AsyncStream<String>.Continuation

    init(streamsLists: Bool = false) {
        self.streamsLists = streamsLists
        (watches, watched) = AsyncStream<String>.makeStream()
    }

    /// - Parameter port: 0 for any.
    /// - Returns: the port.
    func start(port: Int = 0) async throws -> Int {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                self.state.withLock { $0.connections[ObjectIdentifier(channel)] = channel }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(server: self))
                }
            }
        let listener = try await bootstrap.bind(host: "127.0.0.1", port: port).get()
        state.withLock { $0.listener = listener }
        return listener.localAddress?.port ?? 0
    }

    /// Closes the port and all connections, in the middle of whatever they are doing.
    func stop() async throws {
        let channels = state.withLock { state in
            defer { (state.listener, state.connections, state.watchers) = (nil, [:], [:]) }
            return (state.listener.map { [$0] } ?? []) + state.connections.values
        }
        for channel in channels {
            // Already closed by the other side: as good.
            try? await channel.close()
        }
    }

    var listCount: Int { state.withLock { $0.lists } }

    func apply(_ name: String) {
        state.withLock { state in
            state.version += 1
            let build = Build.json(name, uid: name, version: "\(state.version)")
            let type = state.builds.updateValue(build, forKey: name) == nil ? "ADDED" : "MODIFIED"
            Self.tell(type, build, &state)
        }
    }

    func delete(_ name: String) {
        state.withLock { state in
            state.version += 1
            state.builds[name] = nil
            Self.tell("DELETED", Build.json(name, uid: name, version: "\(state.version)"), &state)
        }
    }

    /// Forgets what happened so far.
    func compact() {
        state.withLock { $0.compacted = $0.version }
    }

    private static func tell(_ type: String, _ build: String, _ state: inout State) {
        let line = #"{"type":"\#(type)","object":\#(build)}"# + "\n"
        state.events.append((state.version, line))
        for watcher in state.watchers.values { write(line, to: watcher) }
    }

    private static func write(_ text: String, to channel: any Channel) {
        channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
    }

    fileprivate func answer(_ uri: String, on channel: any Channel) {
        if uri == "/apis/test.dev" {
            respond(200, #"{"versions":[{"version":"v1"}]}"#, on: channel)
        } else if uri.contains("watch=1") {
            watched.yield(uri)
            watch(
                from: Self.parameter("resourceVersion", of: uri).flatMap { Int($0) } ?? 0,
                initialEvents: streamsLists && uri.contains("sendInitialEvents=true"),
                on: channel
            )
        } else {
            let body = state.withLock { state in
                state.lists += 1
                let items = state.builds.values.sorted().joined(separator: ",")
                return #"{"metadata":{"resourceVersion":"\#(state.version)"},"items":[\#(items)]}"#
            }
            respond(200, body, on: channel)
        }
    }

    private func watch(from version: Int, initialEvents: Bool, on channel: any Channel) {
        state.withLock { state in
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Type": "application/json"])
            channel.writeAndFlush(HTTPServerResponsePart.head(head), promise: nil)
            if initialEvents {
                for build in state.builds.values.sorted() {
                    Self.write(#"{"type":"ADDED","object":\#(build)}"# + "\n", to: channel)
                }
                let metadata =
                    #"{"resourceVersion":"\#(state.version)","annotations":{"k8s.io/initial-events-end":"true"}}"#
                Self.write(#"{"type":"BOOKMARK","object":{"metadata":\#(metadata)}}"# + "\n", to: channel)
                state.watchers[ObjectIdentifier(channel)] = channel
                return
            }
            guard version >= state.compacted else {
                Self.write(
                    #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"# + "\n",
                    to: channel
                )
                channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
                return
            }
            for event in state.events where event.version > version { Self.write(event.line, to: channel) }
            state.watchers[ObjectIdentifier(channel)] = channel
        }
    }

    private func respond(_ status: Int, _ body: String, on channel: any Channel) {
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: status),
            headers: ["Content-Length": "\(body.utf8.count)"]
        )
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: body))), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
    }

    private static func parameter(_ name: String, of uri: String) -> Substring? {
        uri.split(separator: "?").last?.split(separator: "&").first { $0.hasPrefix("\(name)=") }?.dropFirst(
            name.count + 1
        )
    }
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let server: FakeAPIServer
    private var uri = ""

    init(server: FakeAPIServer) {
        self.server = server
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): uri = head.uri
        case .body: break
        case .end: server.answer(uri, on: context.channel)
        }
    }
}
