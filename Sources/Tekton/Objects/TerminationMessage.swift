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
        let json: Data
        if text.hasPrefix(Self.compressedPrefix) {
            guard let inflated = Self.inflate(text.dropFirst(Self.compressedPrefix.count)) else { return nil }
            json = inflated
        } else {
            guard text.utf8.first == UInt8(ascii: "[") else { return nil }
            json = Data(text.utf8)
        }
        guard let results = try? JSONDecoder().decode([Result].self, from: json) else { return nil }
        // Of several results with one key the last wins.
        for result in results where result.isInternal {
            switch result.key {
            case "StartedAt": startedAt = KubernetesTime(result.value)
            case "ExitCode": exitCode = Int(result.value)
            case "Reason": reason = result.value
            default: break
            }
        }
    }

    /// Feature flag: `tknz:` and base64 of deflated JSON.
    private static let compressedPrefix = "tknz:"
    /// Kubernetes cuts messages at 4,096 bytes; this is what such a one may inflate to at the most.
    private static let inflatedLimit = 1 << 20

    private static func inflate(_ base64: Substring) -> Data? {
        guard let deflated = Data(base64Encoded: String(base64)) else { return nil }
        return (try? Compression.inflate(Array(deflated), format: .deflate, limit: inflatedLimit)).map { Data($0) }
    }

    private struct Result: Decodable {
        let key: String
        let value: String
        let isInternal: Bool

        private enum CodingKeys: String, CodingKey {
            case key, value, type
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            key = try container.decode(String.self, forKey: .key)
            value = (try? container.decodeIfPresent(String.self, forKey: .value)) ?? ""
            if let number = try? container.decodeIfPresent(Int.self, forKey: .type) {
                isInternal = number == 3
            } else {
                // Old entrypoints wrote the type's name.
                let name = try? container.decodeIfPresent(String.self, forKey: .type)
                isInternal = name == "InternalTektonResult"
            }
        }
    }
}
