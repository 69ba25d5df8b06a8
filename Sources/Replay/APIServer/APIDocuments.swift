/// The JSON documents an API server answers with.
enum APIDocuments {
    /// - Parameter versions: that are served, the preferred one first.
    static func tektonGroup(_ versions: [TektonVersion]) -> String {
        let entries = versions.map { #"{"groupVersion":"\#($0.groupVersion)","version":"\#($0.rawValue)"}"# }
        return #"{"kind":"APIGroup","apiVersion":"v1","name":"tekton.dev","#
            + #""versions":[\#(entries.joined(separator: ","))],"preferredVersion":\#(entries.first ?? "null")}"#
    }

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
    ///
    /// - Parameters:
    ///   - remaining: how many objects are left; nil where that is not known.
    ///   - padding: so many bytes more in each item.
    ///   - extra: items that are no objects of the store.
    static func list(
        _ query: ObjectQuery,
        _ items: some Sequence<ObjectStore.Stored>,
        revision: UInt64,
        continueToken: String = "",
        remaining: Int? = nil,
        padding: Int = 0,
        extra: [[UInt8]] = []
    ) -> [UInt8] {
        let resource = query.resource
        var metadata = #"{"resourceVersion":"\#(revision)""#
        if !continueToken.isEmpty { metadata += #","continue":"\#(continueToken)""# }
        if let remaining { metadata += #","remainingItemCount":\#(remaining)"# }
        var json = Array(
            #"{"kind":"\#(resource.kind)List","apiVersion":"\#(query.apiVersion)","metadata":\#(metadata)},"items":["#
                .utf8
        )
        let typeMeta = Array(#"{"kind":"\#(resource.kind)","apiVersion":"\#(resource.apiVersion)","#.utf8)
        let objects = items.map { query.json($0.object, revision: $0.revision) } + extra
        for (index, object) in objects.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            if !resource.isTekton, object.starts(with: typeMeta) {
                json += padded([UInt8(ascii: "{")] + object.dropFirst(typeMeta.count), by: padding)
            } else {
                json += padded(object, by: padding)
            }
        }
        json += Array("]}\n".utf8)
        return json
    }

    /// One line of a watch.
    static func event(_ event: ObjectStore.WatchEvent, _ query: ObjectQuery, padding: Int = 0) -> [UInt8] {
        let object = query.json(event.object, revision: event.revision)
        return line(event.kind.rawValue, padded(object, by: padding))
    }

    /// - Parameter endsInitialEvents: all objects have been told (Kubernetes API concepts, "Streaming lists").
    static func bookmark(
        _ query: ObjectQuery,
        revision: UInt64,
        endsInitialEvents: Bool = false
    ) -> [UInt8] {
        let annotations = endsInitialEvents ? #","annotations":{"k8s.io/initial-events-end":"true"}"# : ""
        let object =
            #"{"kind":"\#(query.resource.kind)","apiVersion":"\#(query.apiVersion)","#
            + #""metadata":{"resourceVersion":"\#(revision)","creationTimestamp":null\#(annotations)}}"#
        return line("BOOKMARK", Array(object.utf8))
    }

    static func error(_ status: APIStatus) -> [UInt8] { line("ERROR", Array(status.json.utf8)) }

    /// An event of a type that is not known.
    static func unknownEvent() -> [UInt8] { line("SOMETHING", Array(#"{"kind":"Something"}"#.utf8)) }

    /// An object whose fields are of other types than they should.
    static func unreadable(_ query: ObjectQuery, revision: UInt64) -> [UInt8] {
        Array(
            (#"{"kind":"\#(query.resource.kind)","apiVersion":"\#(query.apiVersion)","metadata":{"name":"unreadable","#
                + #""namespace":"default","uid":"unreadable","resourceVersion":"\#(revision)"},"#
                + #""spec":"?","status":"?","involvedObject":"?"}"#).utf8
        )
    }

    static func line(_ type: String, _ object: [UInt8]) -> [UInt8] {
        Array(#"{"type":"\#(type)","object":"#.utf8) + object + Array("}\n".utf8)
    }

    private static func padded(_ object: [UInt8], by count: Int) -> [UInt8] {
        guard count > 0 else { return object }
        let padding = Array(repeating: UInt8(ascii: "x"), count: count)
        return Array(#"{"padding":""#.utf8) + padding + Array(#"","#.utf8) + object.dropFirst()
    }
}
