extension ReflectorStateMachine {
    /// What to do after an event: first tell, in order, then go on with `next`.
    struct Actions: Equatable, Sendable {
        var emissions: [Emission] = []
        var next: Next
    }

    /// What to tell the consumer.
    enum Emission: Equatable, Sendable {
        /// The object at that place of the page; of a watch event, 0.
        case applied(item: Int)
        /// With the object of the watch event as its last state, or without one.
        case deleted(ObjectKey, withObject: Bool)
        case synced
        case failed(KubernetesError, retryIn: Duration)
        case recovered
        /// The server does not know streaming lists, and is not asked for any again.
        case listsInstead(KubernetesError)
    }

    enum Next: Equatable, Sendable {
        case list(ListRequest)
        case watch(WatchRequest)
        /// Go on reading the watch.
        case read
        /// Call `timerFired` after so long.
        case wait(Duration)
    }

    struct ListRequest: Equatable, Sendable {
        /// "0": any state will do. Empty: the latest state. Other: at least as new as that. Never sent with a token.
        var resourceVersion: String
        /// Objects per page; nil for all at once.
        var limit: Int?
        /// Of the page before.
        var continueToken: String?
    }

    struct WatchRequest: Equatable, Sendable {
        /// Where to go on. With `sendsInitialEvents`: what comes first is at least as new; the latest when empty.
        var resourceVersion: String
        /// A streaming list: first all objects, then a bookmark that says so, then what happens.
        var sendsInitialEvents = false
        /// After so long the server ends the watch.
        var timeoutSeconds: Int
        /// When nothing has come for so long, bookmarks included, the connection is taken to be dead.
        var longestSilence = Duration.seconds(120)
    }

    /// A page of a list, reduced to what decisions are made from.
    struct Page: Equatable, Sendable {
        /// Without a name when not even that could be read; such an item does not count.
        var keys: [ObjectKey]
        /// Of the list, not of its items.
        var resourceVersion: String
        /// Empty on the last page.
        var continueToken: String
    }

    /// What a watch event says has happened to an object.
    enum Change: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }
}
