import BenchmarkSupport
import Glibc

/// A TaskRun that the cluster of the benchmark has.
struct KnownTaskRun {
    let namespace: String
    let name: String
    let traceID: [UInt8]

    /// Reads lines of `namespace name trace-id`.
    static func read(_ path: String) throws -> [KnownTaskRun] {
        guard let file = fopen(path, "r") else { throw BenchmarkError("cannot read \(path)") }
        defer { fclose(file) }
        var taskRuns: [KnownTaskRun] = []
        while let line = readLine(from: file) {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3, let traceID = bytes(hexadecimal: words[2]), traceID.count == 16 else {
                throw BenchmarkError("\(path): not `namespace name trace-id`: \(line)")
            }
            taskRuns.append(KnownTaskRun(namespace: words[0], name: words[1], traceID: traceID))
        }
        guard !taskRuns.isEmpty else { throw BenchmarkError("\(path) is empty") }
        return taskRuns
    }

    private static func readLine(from file: UnsafeMutablePointer<FILE>) -> String? {
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        guard getline(&line, &capacity, file) > 0, let line else { return nil }
        return String(String(cString: line).prefix { $0 != "\n" })
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
