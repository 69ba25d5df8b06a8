import Replay
import Testing

extension GatewayProcess {
    /// The most memory it has had so far, in bytes.
    var peakMemory: Int { get throws { try memory("VmHWM:") } }

    /// The memory that it has now, in bytes.
    var residentMemory: Int { get throws { try memory("VmRSS:") } }

    private func memory(_ key: String) throws -> Int {
        let status = String(decoding: try readFile("/proc/\(pid)/status"), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
        // `VmHWM:     38412 kB`
        let kilobytes = line?.split { !$0.isNumber }.first.flatMap { Int($0) }
        return try #require(kilobytes, "\(status)") * 1024
    }
}
