internal import FoundationEssentials

/// The files of a recording by their path within its folder, as they lie on disk or in a packed recording.
///
/// Read are `meta.json`, `otlp/NNNN.bin` with `otlp/NNNN.json`, and `<resource>.watch.jsonl`.
struct RecordingFiles {
    var contents: [String: [UInt8]] = [:]

    /// Reads a scenario's folder.
    init(folder: String) throws(RecordingError) {
        do {
            for file in try FileManager.default.contentsOfDirectory(atPath: folder) where !file.hasPrefix(".") {
                if file == "otlp" {
                    for export in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/otlp") {
                        contents["otlp/\(export)"] = [UInt8](
                            try Data(contentsOf: URL(filePath: "\(folder)/otlp/\(export)"))
                        )
                    }
                } else {
                    contents[file] = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(file)")))
                }
            }
        } catch {
            throw RecordingError(location: folder, reason: "cannot be read: \(error)")
        }
    }

    /// Reads what Scripts/pack-recordings writes: for each file a line `<path> <length>`, then so many bytes.
    init(packed bytes: [UInt8]) throws(RecordingError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                throw RecordingError(location: "packed", reason: "a file's line has no end")
            }
            let line = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
            rest = rest[(end + 1)...]
            guard line.count == 2, let length = Int(line[1]), (0...rest.count).contains(length) else {
                throw RecordingError(location: "packed", reason: "not a file's path and length: \(line)")
            }
            contents[String(line[0])] = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
    }

    func decode<Value: Decodable>(_ type: Value.Type, from path: String) throws(RecordingError) -> Value {
        guard let bytes = contents[path] else { throw RecordingError(location: path, reason: "missing") }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw RecordingError(location: path, reason: "\(error)")
        }
    }
}

extension Recording {
    /// Reads a scenario's folder.
    public init(folder: String) throws(RecordingError) {
        try self.init(RecordingFiles(folder: folder))
    }

    init(_ files: RecordingFiles) throws(RecordingError) {
        let meta = try files.decode(Meta.self, from: "meta.json")
        let exports = try Self.exports(in: files)
        let events = try Self.objectEvents(in: files)
        guard let origin = (exports.map(\.0) + events.map(\.0)).min() else {
            throw RecordingError(location: meta.scenario, reason: "holds no export and no event")
        }
        name = meta.scenario
        namespace = meta.namespace
        self.exports = exports.sorted { $0.0 < $1.0 }.map { time, make in make(.nanoseconds(time - origin)) }
        self.objectEvents = events.sorted { $0.0 < $1.0 }.map { time, make in make(.nanoseconds(time - origin)) }
    }

    private struct Meta: Decodable {
        let scenario: String
        let namespace: String
    }

    private struct ExportMeta: Decodable {
        let path: String
        let headers: [[String]]
        let arrival_unix_ns: Int64
    }

    private struct WatchLine: Decodable {
        struct Event: Decodable {
            let type: String
        }

        let t: Int64
        let event: Event
    }

    private static func exports(
        in files: RecordingFiles
    ) throws(RecordingError) -> [(Int64, (Duration) -> Export)] {
        var exports: [(Int64, (Duration) -> Export)] = []
        for (path, body) in files.contents.sorted(by: { $0.key < $1.key }) {
            guard path.hasPrefix("otlp/"), path.hasSuffix(".bin") else { continue }
            let meta = try files.decode(ExportMeta.self, from: path.dropLast(3) + "json")
            let headers = meta.headers.compactMap { $0.count == 2 ? Header(name: $0[0], value: $0[1]) : nil }
            exports.append(
                (meta.arrival_unix_ns, { Export(offset: $0, path: meta.path, headers: headers, body: body) })
            )
        }
        return exports
    }

    private static func objectEvents(
        in files: RecordingFiles
    ) throws(RecordingError) -> [(Int64, (Duration) -> ObjectEvent)] {
        var events: [(Int64, (Duration) -> ObjectEvent)] = []
        for resource in RecordedResource.allCases {
            let path = "\(resource.rawValue).watch.jsonl"
            let lines = files.contents[path]?.split(separator: UInt8(ascii: "\n")) ?? []
            for (number, line) in lines.enumerated() {
                let location = "\(path):\(number + 1)"
                guard let parsed = try? JSONDecoder().decode(WatchLine.self, from: Data(line)),
                    let kind = ObjectEvent.Kind(rawValue: parsed.event.type),
                    let json = objectJSON(line)
                else { throw RecordingError(location: location, reason: "not an event of a watch") }
                let object = try ReplayObject(resource, json: json)
                events.append((parsed.t, { ObjectEvent(offset: $0, kind: kind, object: object) }))
            }
        }
        return events
    }

    /// The object's bytes in `{"t":N,"event":{"type":"T","object":{}}}`.
    private static func objectJSON(_ line: ArraySlice<UInt8>) -> [UInt8]? {
        guard let start = line.firstRange(of: Array("\"object\":".utf8)), line.suffix(2) == [0x7D, 0x7D] else {
            return nil
        }
        return Array(line[start.upperBound...].dropLast(2))
    }
}
