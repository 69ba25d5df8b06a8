import FoundationEssentials
import Glibc

/// What the system says about memory, in bytes.
struct SystemMemory: Sendable {
    /// In place of `/`, for tests.
    var root = ""

    /// What this process has in RAM for itself: without files that are mapped, which the system can drop at any time.
    func used() -> Int? { pages().map { max(0, $0[1] - $0[2]) * Int(sysconf(Int32(_SC_PAGESIZE))) } }

    /// What this process has in RAM, files included.
    func resident() -> Int? { pages().map { $0[1] * Int(sysconf(Int32(_SC_PAGESIZE))) } }

    /// Of `/proc/self/statm`: size, resident, shared and more.
    private func pages() -> [Int]? {
        guard let text = read("/proc/self/statm") else { return nil }
        let pages = text.split(separator: " ").compactMap { Int($0) }
        return pages.count >= 3 ? pages : nil
    }

    /// What there is for this process: the lowest limit of its cgroup (v2 or v1) and those above, or the machine's memory.
    func total() -> Int? {
        let machine = machineTotal()
        guard let limit = cgroupLimit() else { return machine }
        // Without a limit v1 says 2^63, rounded to pages.
        return machine.map { min($0, limit) } ?? limit
    }

    private func machineTotal() -> Int? {
        guard let text = read("/proc/meminfo") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("MemTotal:") {
            return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
        }
        return nil
    }

    private func cgroupLimit() -> Int? {
        guard let text = read("/proc/self/cgroup") else { return nil }
        var limits: [Int] = []
        for line in text.split(separator: "\n") {
            // hierarchy:controllers:path
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let path = String(fields[2])
            if fields[0] == "0", fields[1].isEmpty {
                limits += lineage(path).compactMap { number("/sys/fs/cgroup\($0)/memory.max") }
            } else if fields[1].split(separator: ",").contains("memory") {
                limits += lineage(path).compactMap { number("/sys/fs/cgroup/memory\($0)/memory.limit_in_bytes") }
            }
        }
        return limits.min()
    }

    /// A path and those above it, down to the empty one. In a container the path may be that of the host, which is not
    /// there; the topmost is then the container's own.
    private func lineage(_ path: String) -> [String] {
        var paths: [String] = []
        var rest = path[...]
        while rest.count > 1 {
            paths.append(String(rest))
            rest = rest[..<(rest.lastIndex(of: "/") ?? rest.startIndex)]
        }
        return paths + [""]
    }

    /// nil for `max` and for a file that is not there.
    private func number(_ path: String) -> Int? {
        read(path).flatMap { Int($0.trimmingSpaces) }
    }

    private func read(_ path: String) -> String? {
        // Of size 0 to the system: read to the end rather than by size.
        let descriptor = open(root + path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        var count = 0
        while count < bytes.count {
            let length = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(
                    descriptor,
                    UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).baseAddress,
                    buffer.count - count
                )
            }
            if length <= 0 { break }
            count += length
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
