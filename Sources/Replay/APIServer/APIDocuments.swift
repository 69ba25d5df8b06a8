/// The JSON documents an API server answers with.
enum APIDocuments {
    static let tektonGroup = #"""
        {"kind":"APIGroup","apiVersion":"v1","name":"tekton.dev",\#
        "versions":[{"groupVersion":"tekton.dev/v1","version":"v1"},{"groupVersion":"tekton.dev/v1beta1",\#
        "version":"v1beta1"}],"preferredVersion":{"groupVersion":"tekton.dev/v1","version":"v1"}}
        """#

    static let version = #"{"major":"1","minor":"36","gitVersion":"v1.36.2","platform":"linux/amd64"}"#

    static func resources(_ groupVersion: String, _ resources: [RecordedResource]) -> String {
        let entries = resources.map { resource in
            #"{"name":"\#(resource.rawValue)","singularName":"\#(resource.kind.lowercased())","namespaced":true,"#
                + #""kind":"\#(resource.kind)","verbs":["get","list","watch"]}"#
        }
        return #"{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"\#(groupVersion)","#
            + #""resources":[\#(entries.joined(separator: ","))]}"#
    }

    /// A list. The items of core resources have neither kind nor apiVersion there, those of custom resources have.
    static func list(
        _ resource: RecordedResource,
        _ items: some Sequence<ObjectStore.Stored>,
        revision: UInt64,
        continueToken: String,
        remaining: Int
    ) -> [UInt8] {
        var metadata = #"{"resourceVersion":"\#(revision)""#
        if !continueToken.isEmpty {
            metadata += #","continue":"\#(continueToken)","remainingItemCount":\#(remaining)"#
        }
        var json = Array(
            #"{"kind":"\#(resource.kind)List","apiVersion":"\#(resource.apiVersion)","metadata":\#(metadata)},"items":["#
                .utf8
        )
        let typeMeta = Array(#"{"kind":"\#(resource.kind)","apiVersion":"\#(resource.apiVersion)","#.utf8)
        for (index, item) in items.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            let object = item.object.json(resourceVersion: String(item.revision))
            if !resource.isTekton, object.starts(with: typeMeta) {
                json.append(UInt8(ascii: "{"))
                json += object.dropFirst(typeMeta.count)
            } else {
                json += object
            }
        }
        json += Array("]}\n".utf8)
        return json
    }

    /// One line of a watch.
    static func event(_ event: ObjectStore.WatchEvent) -> [UInt8] {
        line(event.kind.rawValue, event.object.json(resourceVersion: String(event.revision)))
    }

    static func bookmark(_ resource: RecordedResource, revision: UInt64) -> [UInt8] {
        let object =
            #"{"kind":"\#(resource.kind)","apiVersion":"\#(resource.apiVersion)","#
            + #""metadata":{"resourceVersion":"\#(revision)","creationTimestamp":null}}"#
        return line("BOOKMARK", Array(object.utf8))
    }

    static func error(_ status: APIStatus) -> [UInt8] { line("ERROR", Array(status.json.utf8)) }

    private static func line(_ type: String, _ object: [UInt8]) -> [UInt8] {
        Array(#"{"type":"\#(type)","object":"#.utf8) + object + Array("}\n".utf8)
    }
}
