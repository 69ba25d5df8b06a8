import FoundationEssentials
import Glibc
import Kubernetes
import Tekton
import Yams

/// Reads objects as `kubectl get -o yaml` and `-o json` print them, or as a recording holds them.
enum ObjectFiles {
    static func read(_ path: String, into objects: inout ExplainedObjects) throws {
        var isDirectory = false
        if path != "-", !FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
            throw ExplainError("\(path): no such file or folder")
        }
        if isDirectory {
            try readRecording(path, into: &objects)
        } else {
            try readObjects(try text(of: path), from: path, into: &objects)
        }
    }

    private static func text(of path: String) throws -> String {
        let bytes = path == "-" ? standardInput() : try contents(of: path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ExplainError("\(path): is not UTF-8 text")
        }
        return text
    }

    private static func contents(of path: String) throws -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw ExplainError("\(path): cannot be read")
        }
    }

    private static func standardInput() -> [UInt8] {
        var bytes: [UInt8] = []
        while let line = readLine(strippingNewline: false) { bytes += line.utf8 }
        return bytes
    }

    // MARK: - YAML and JSON

    /// JSON is YAML too; Yams reads both.
    private static func readObjects(_ text: String, from path: String, into objects: inout ExplainedObjects) throws {
        do {
            var documents = try Yams.compose_all(yaml: text)
            while let document = documents.next() {
                try add(document, from: path, into: &objects)
            }
            // The sequence ends where it cannot be read further.
            if let error = documents.error { throw error }
        } catch let error as YamlError {
            throw ExplainError("\(path): \(error)")
        }
    }

    private static func add(_ node: Node, from path: String, into objects: inout ExplainedObjects) throws {
        if node.isEmptyDocument { return }
        guard let kind = node["kind"]?.string else {
            throw ExplainError("\(path): not a Kubernetes object: it has no kind")
        }
        if kind.hasSuffix("List"), let items = node["items"]?.array() {
            let itemKind = String(kind.dropLast("List".count))
            for item in items {
                // The items of a typed list do not repeat their kind.
                try add(item, kind: item["kind"]?.string ?? itemKind, from: path, into: &objects)
            }
        } else {
            try add(node, kind: kind, from: path, into: &objects)
        }
    }

    private static func add(
        _ node: Node,
        kind: String,
        from path: String,
        into objects: inout ExplainedObjects
    ) throws {
        do {
            switch kind {
            case "TaskRun": objects.add(try TaskRun(json: node.json))
            case "Pod": objects.add(try Pod(json: node.json))
            case "Event": objects.add(try Event(json: node.json))
            default: break
            }
        } catch {
            let name = node["metadata"]?["name"]?.string ?? "?"
            throw ExplainError("\(path): \(kind) \(name) cannot be read: \(error)")
        }
    }

    // MARK: - Recordings

    private static func readRecording(_ folder: String, into objects: inout ExplainedObjects) throws {
        for line in try lines(folder, "taskruns", TaskRun.self) {
            objects.add(line.object, isDeleted: line.type == "DELETED")
        }
        for line in try lines(folder, "pods", Pod.self) {
            objects.add(line.object, isDeleted: line.type == "DELETED")
        }
        for line in try lines(folder, "events", Event.self) { objects.add(line.object) }
    }

    private static func lines<Object: KubernetesResource>(
        _ folder: String,
        _ resource: String,
        _ type: Object.Type
    ) throws -> [(type: String, object: Object)] {
        let path = "\(folder)/\(resource).watch.jsonl"
        guard FileManager.default.fileExists(atPath: path) else {
            throw ExplainError("\(folder): not a recording: it has no \(resource).watch.jsonl")
        }
        return try contents(of: path).split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            do {
                return try event(Array(line), type)
            } catch {
                throw ExplainError("\(path):\(index + 1): cannot be read: \(error)")
            }
        }
    }

    /// A line of a watch, with the time of its arrival: `{"t": ..., "event": {"type": ..., "object": ...}}`.
    private static func event<Object: KubernetesResource>(
        _ line: [UInt8],
        _ type: Object.Type
    ) throws(JSONReadError) -> (type: String, object: Object) {
        var reader = JSONReader(line)
        var fields = try reader.fields(LineKey.self)
        while try fields.next(in: &reader) != nil {
            var event = try reader.fields(EventKey.self)
            var kind: String?
            var object: Object?
            while let key = try event.next(in: &reader) {
                switch key {
                case .type: kind = try reader.string()
                case .object: object = try Object(reading: &reader)
                }
            }
            guard let kind else { throw event.missing(.type) }
            guard let object else { throw event.missing(.object) }
            return (kind, object)
        }
        throw fields.missing(.event)
    }
}

private enum LineKey: String, JSONKey {
    case event
    static let table = JSONKeyTable<Self>()
}

private enum EventKey: String, JSONKey {
    case type, object
    static let table = JSONKeyTable<Self>()
}

extension Node {
    fileprivate var isEmptyDocument: Bool {
        switch self {
        case .scalar(let scalar): scalar.string.isEmpty || scalar.string == "null" || scalar.string == "~"
        default: false
        }
    }
}
