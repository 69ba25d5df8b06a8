internal import Compression
internal import FoundationEssentials

/// The recordings that are part of the binary, packed by Scripts/pack-recordings.
public enum EmbeddedRecording: String, CaseIterable, Sendable {
    /// A PipelineRun of three tasks, two of them in parallel.
    case pipelinerun
    /// A TaskRun whose second step ends with exit code 3.
    case stepFails = "step-fails"

    /// One line about what happens.
    public var summary: String {
        switch self {
        case .pipelinerun: "a PipelineRun of three tasks, two of them in parallel"
        case .stepFails: "a TaskRun whose second step ends with exit code 3; the third is skipped"
        }
    }

    public func load() throws(RecordingError) -> Recording {
        let text =
            switch self {
            case .pipelinerun: Self.pipelineRunText
            case .stepFails: Self.stepFailsText
            }
        guard let compressed = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
            throw RecordingError(location: rawValue, reason: "not base64")
        }
        let packed: [UInt8]
        do {
            packed = try inflate([UInt8](compressed), format: .gzip, limit: 64 << 20)
        } catch {
            throw RecordingError(location: rawValue, reason: "\(error)")
        }
        return try Recording(RecordingFiles(packed: packed))
    }
}
