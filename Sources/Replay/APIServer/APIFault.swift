/// Something that a replaying API server does wrong: what, where, and how often.
public struct APIFault: Sendable, Equatable {
    /// Where in the traffic.
    public enum Place: Sendable, Equatable {
        /// The answer to any request.
        case anything
        /// The answer to any page of a list.
        case list
        /// The answer to one page of a list, counted from 1.
        case page(Int)
        case get
        /// The answer to a request for discovery, version or health.
        case discovery
        /// The answer to any watch.
        case watch
        /// The answer to a watch that begins with the objects there are (`sendInitialEvents=true`).
        case streamingList
        /// In a watch, once so many events have been told; bookmarks and initial events do not count. With 0 as soon as
        /// changes would be told.
        case event(Int)
        /// In a streaming list, once so many initial events have been told.
        case initialEvent(Int)
        /// In a streaming list, before the bookmark that ends the initial events.
        case initialEventsEnd
    }

    /// What is done instead of the right thing, or beside it.
    public enum Effect: Sendable, Equatable {
        /// This status: as the answer; in a watch as an ERROR event that ends it.
        case status(APIStatus)
        /// 200 with something else than was asked for; in a watch it is a line.
        case answer(contentType: String, body: String)
        /// The connection stays open, and nothing more is sent on it.
        case hang
        /// The connection is closed without an answer, or between two lines.
        case drop
        /// The connection is closed behind the headers; in a watch between two lines.
        case dropAfterHead
        /// The connection is closed in the middle of the text.
        case cutOff
        /// The connection is closed in the middle of a chunk of the HTTP body (RFC 9112, 7.1), of which the rest of the
        /// text would be part. In a watch that is under way as `cutOff`.
        case cutOffInChunk
        /// The answer ends as HTTP has it, but in the middle of its text.
        case truncate
        /// The answer ends as it should, too soon: an empty list, a watch without more events.
        case end
        /// A list has one more item, or a watch one more event, that no client can read.
        case unreadableObject
        /// A watch has one more event, of a type that nobody has heard of.
        case unknownEvent
        /// Each event of the watch is told twice. Only at the start of a watch.
        case repeatEvents
        /// The text comes in pieces of so many bytes, each a chunk. Only at the start of an answer.
        case pieces(Int)
        /// Objects are so many bytes longer. Only at the start of an answer.
        case pad(Int)
    }

    public var effect: Effect
    public var place: Place
    /// Nil for all.
    public var resource: RecordedResource?
    /// How often it happens; nil for always.
    public var times: Int?

    public init(_ effect: Effect, at place: Place, of resource: RecordedResource? = nil, times: Int? = 1) {
        self.effect = effect
        self.place = place
        self.resource = resource
        self.times = times
    }
}

extension APIFault.Effect {
    /// The page of a proxy that is in the way.
    public static let html = Self.answer(
        contentType: "text/html",
        body: "<html><body><h1>502 Bad Gateway</h1>\n</body></html>\n"
    )

    /// What a server tells those who ask for something to print.
    public static let table = Self.answer(
        contentType: "application/json",
        body: #"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"1"},"#
            + #""columnDefinitions":[],"rows":[]}"# + "\n"
    )

    /// True when what is there is sent as well.
    var isAddition: Bool {
        switch self {
        case .unreadableObject, .unknownEvent, .repeatEvents, .pieces, .pad: true
        default: false
        }
    }
}

extension APIFault.Place {
    /// - Parameter place: a single one, as it comes up.
    func covers(_ place: Self) -> Bool {
        switch (self, place) {
        case (.anything, .page), (.anything, .get), (.anything, .discovery): true
        case (.anything, .watch), (.anything, .streamingList): true
        case (.list, .page), (.watch, .streamingList): true
        default: self == place
        }
    }
}
