import Compression
import FoundationEssentials
public import Kubernetes

/// What Tekton's entrypoint reports in the termination message of a step's container: a JSON array of
/// `{key, value, type}` (tektoncd/pipeline `pkg/result/result.go`, `pkg/termination/parse.go`).
///
/// Only internal results count. A user's result may be called `StartedAt` too, so the type decides.
public struct TerminationMessage: Sendable, Equatable {
    /// When the step itself began, in milliseconds; the container started with all others.
    public var startedAt: KubernetesTime?
    /// The real exit code of a step with `onError: continue`, whose container exits with 0.
    public var exitCode: Int?
    /// `Skipped`, `Cancelled` or `TimeoutExceeded`.
    public var reason: String?

    public init(startedAt: KubernetesTime? = nil, exitCode: Int? = nil, reason: String? = nil) {
        self.startedAt = startedAt
        self.exitCode = exitCode
        self.reason = reason
    }

    /// Nil for a message that is not the entrypoint's.
    public init?(parsing text: String) {
        let json: [UInt8]
        if text.hasPrefix(Self.compressedPrefix) {
            guard let inflated = Self.inflate(text.dropFirst(Self.compressedPrefix.count)) else { return nil }
            json = inflated
        } else {
            guard text.utf8.first == UInt8(ascii: "[") else { return nil }
            json = Array(text.utf8)
        }
        do {
            try read(json)
        } catch {
            return nil
        }
    }

    private mutating func read(_ json: [UInt8]) throws(JSONReadError) {
        var reader = JSONReader(json)
        var results = try reader.elements()
        while try results.next(in: &reader) {
            let result = try Result(reading: &reader)
            guard result.isInternal else { continue }
            // Of several results with one key the last wins.
            switch result.key {
            case "StartedAt": startedAt = KubernetesTime(result.value).nonZero
            case "ExitCode": exitCode = Int(result.value)
            case "Reason": reason = result.value
            default: break
            }
        }
        try reader.end()
    }

    /// Feature flag: `tknz:` and base64 of deflated JSON.
    private static let compressedPrefix = "tknz:"
    /// Kubernetes cuts messages at 4,096 bytes; this is what such a one may inflate to at the most.
    private static let inflatedLimit = 1 << 20

    private static func inflate(_ base64: Substring) -> [UInt8]? {
        guard let deflated = Data(base64Encoded: String(base64)) else { return nil }
        return try? Compression.inflate(Array(deflated), format: .deflate, limit: inflatedLimit)
    }

    private struct Result {
        private(set) var key = ""
        private(set) var value = ""
        private(set) var isInternal = false

        private enum Key: String, JSONKey {
            case key, value, type
            static let table = JSONKeyTable<Self>()
        }

        init(reading reader: inout JSONReader) throws(JSONReadError) {
            var name: String?
            var fields = try reader.fields(Key.self)
            while let key = try fields.next(in: &reader) {
                switch key {
                case .key: name = try reader.string()
                case .value: value = try reader.stringOrOther() ?? ""
                case .type:
                    // Old entrypoints wrote the type's name.
                    isInternal =
                        try reader.isString()
                        ? try reader.stringOrOther() == "InternalTektonResult" : try reader.integerOrOther() == 3
                }
            }
            guard let name else { throw fields.missing(.key) }
            self.key = name
        }
    }
}
