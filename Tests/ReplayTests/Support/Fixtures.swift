import FoundationEssentials

@testable import Replay

enum Fixtures {
    static let recordings = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/recordings").path

    static func recording(_ name: String) throws -> Recording {
        try Recording(folder: "\(recordings)/\(name)")
    }

    /// A small object of a test's own.
    static func object(
        _ resource: RecordedResource,
        _ name: String,
        namespace: String = "default",
        uid: String? = nil,
        labels: [String: String] = [:],
        extra: String = ""
    ) throws -> ReplayObject {
        let pairs = labels.sorted { $0.key < $1.key }.map { #""\#($0.key)":"\#($0.value)""# }.joined(separator: ",")
        let uid = uid ?? "uid-\(name)"
        let json = #"""
            {"kind":"\#(resource.kind)","apiVersion":"\#(resource.apiVersion)","metadata":{"name":"\#(name)",\#
            "namespace":"\#(namespace)","uid":"\#(uid)","resourceVersion":"77","labels":{\#(pairs)}}\#(extra)}
            """#
        return try ReplayObject(resource, json: Array(json.utf8))
    }
}
