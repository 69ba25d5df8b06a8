/// What kind of API server is played: none of it is a fault, servers differ.
public struct APIServerTraits: Sendable, Equatable {
    /// What becomes of `sendInitialEvents=true`.
    public enum StreamingLists: Sendable, Equatable {
        /// The objects, and a bookmark that ends them (Kubernetes API concepts, "Streaming lists").
        case supported
        /// 422: the feature gate WatchList is off.
        case disabled
        /// 400, as of servers that refuse what they do not know.
        case refused
        /// The parameters mean nothing to the server: it plays a watch without them, as before 1.27.
        case ignored
        /// The objects, but no bookmark behind them.
        case endless
    }

    public enum Bookmarks: Sendable, Equatable {
        case never
        /// With `sendBookmarks`, and when a watch has lasted for its `timeoutSeconds`.
        case now
        /// Also after each change of any object.
        case always
    }

    public var streamingLists = StreamingLists.supported
    /// Those that end initial events are not meant.
    public var bookmarks = Bookmarks.now
    /// Without one, a list that may be old comes in pages, too.
    public var hasWatchCache = true
    /// What is served of `tekton.dev`, the preferred version first.
    public var tektonVersions = TektonVersion.allCases

    public init() {}
}
