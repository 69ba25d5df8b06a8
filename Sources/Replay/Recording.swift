/// What one scenario of a real Tekton controller sent, and what the API server told meanwhile.
public struct Recording: Sendable {
    /// The body of one OTLP/HTTP export, byte for byte as the controller posted it.
    public struct Export: Sendable, Equatable {
        /// Since the start of the recording.
        public let offset: Duration
        /// As posted, `/v1/traces`.
        public let path: String
        /// As posted, with the names in their original case.
        public let headers: [Header]
        public let body: [UInt8]
    }

    public struct Header: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    /// One event of a watch.
    public struct ObjectEvent: Sendable, Equatable {
        public enum Kind: String, Sendable {
            case added = "ADDED"
            case modified = "MODIFIED"
            case deleted = "DELETED"
        }

        /// Since the start of the recording.
        public let offset: Duration
        public let kind: Kind
        public let object: ReplayObject
    }

    /// The scenario's name.
    public let name: String
    public let namespace: String
    /// In the order of their arrival.
    public let exports: [Export]
    /// Of all resources, in the order of their arrival.
    public let objectEvents: [ObjectEvent]

    /// From the first to the last export or event.
    public var duration: Duration {
        max(exports.last?.offset ?? .zero, objectEvents.last?.offset ?? .zero)
    }

    /// The last state of each object, deleted ones too: what is known when all is over.
    public var finalObjects: [ReplayObject] {
        var last: [ReplayObject.Key: ReplayObject] = [:]
        for event in objectEvents { last[event.object.key] = event.object }
        return last.values.sorted { $0.key < $1.key }
    }
}

/// Why a recording cannot be used.
public struct RecordingError: Error, Equatable, CustomStringConvertible {
    /// The file, and the line where there is one.
    public let location: String
    public let reason: String

    public var description: String { "recording \(location): \(reason)" }
}
