/// `--name value` pairs of a command line.
public struct Arguments {
    private var values: [String: String] = [:]

    public init(_ arguments: some Sequence<String>) throws(BenchmarkError) {
        var name: String?
        for argument in arguments {
            if let known = name {
                values[known] = argument
                name = nil
            } else if argument.hasPrefix("--") {
                name = String(argument.dropFirst(2))
            } else {
                throw BenchmarkError("expected --name value, found \(argument)")
            }
        }
        if let name { throw BenchmarkError("--\(name) has no value") }
    }

    public func string(_ name: String) throws(BenchmarkError) -> String {
        guard let value = values[name] else { throw BenchmarkError("--\(name) is missing") }
        return value
    }

    public func optionalString(_ name: String) -> String? {
        values[name]
    }

    /// A whole number, zero or more.
    public func number(_ name: String, default fallback: Int? = nil) throws(BenchmarkError) -> Int {
        if let fallback, values[name] == nil { return fallback }
        let text = try string(name)
        guard let value = Int(text), value >= 0 else { throw BenchmarkError("--\(name) \(text) is not a number") }
        return value
    }
}
