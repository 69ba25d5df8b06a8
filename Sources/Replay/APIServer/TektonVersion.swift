/// The versions of `tekton.dev` that a cluster may serve.
public enum TektonVersion: String, Sendable, CaseIterable {
    case v1
    /// All that old clusters have.
    case v1beta1

    var groupVersion: String { "tekton.dev/\(rawValue)" }

    /// An object that was recorded in v1, as it stands in this version.
    ///
    /// Of what steptrace reads, v1beta1 has everything under the same name, but for what ended a step (tektoncd/pipeline
    /// `pkg/apis/pipeline/v1beta1/taskrun_types.go`, `StepState`). What else is called differently stays as it is.
    func json(_ recorded: [UInt8]) -> [UInt8] {
        guard self != .v1 else { return recorded }
        var json = recorded
        // The object's own comes first; the owners keep theirs.
        let version = Self.field("apiVersion", Self.v1.groupVersion)
        if let found = json.firstRange(of: version) {
            json.replaceSubrange(found, with: Self.field("apiVersion", groupVersion))
        }
        // Within a string the quotes would be escaped.
        let key = Array(#","terminationReason":""#.utf8)
        while let found = json.firstRange(of: key),
            let end = json[found.upperBound...].firstIndex(of: UInt8(ascii: "\""))
        {
            json.removeSubrange(found.lowerBound...end)
        }
        return json
    }

    private static func field(_ key: String, _ value: String) -> [UInt8] { Array("\"\(key)\":\"\(value)\"".utf8) }
}
