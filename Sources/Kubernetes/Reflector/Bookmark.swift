/// The object of a BOOKMARK event: everything up to a resource version has been told.
struct Bookmark: Decodable, Equatable {
    /// Empty when there is none.
    let resourceVersion: String
    /// It comes behind the initial events of a streaming list (`InitialEventsAnnotationKey` of apimachinery).
    let endsInitialEvents: Bool

    private enum CodingKeys: String, CodingKey {
        case metadata
    }

    private struct Metadata: Decodable {
        let resourceVersion: String?
        let annotations: [String: String]?
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let metadata = try container.decode(Metadata.self, forKey: .metadata)
        resourceVersion = metadata.resourceVersion ?? ""
        endsInitialEvents = metadata.annotations?["k8s.io/initial-events-end"] == "true"
    }
}
