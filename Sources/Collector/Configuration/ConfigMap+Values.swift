/// Scalars. Every reader takes its key out; the path and line of a value that does not fit stand in the error.
extension ConfigMap {
    /// The value of `key` as `read` makes it; `absent` when it is absent or null. What `read` throws is an error of this
    /// value.
    public mutating func value<Value>(
        _ key: String,
        absent: Value,
        _ read: (ConfigNode) throws(ConfigError) -> Value
    ) throws(ConfigError) -> Value {
        guard let node = takeValue(key) else { return absent }
        return try reading(otherwise: absent) { () throws(ConfigError) in try read(node) }
    }

    /// A scalar as it was written: `0123` stays `0123`.
    public mutating func string(_ key: String, default: String) throws(ConfigError) -> String {
        try optionalString(key) ?? `default`
    }

    /// A scalar as it was written; nil when absent.
    public mutating func optionalString(_ key: String) throws(ConfigError) -> String? {
        try value(key, absent: nil) { node throws(ConfigError) in try node.string() }
    }

    /// A scalar that must be there and not be empty.
    public mutating func requiredString(_ key: String) throws(ConfigError) -> String {
        let node = takeValue(key)
        let missing = error("\"\(key)\" must be specified")
        return try reading(otherwise: "") { () throws(ConfigError) in
            guard let node else { throw missing }
            let string = try node.string()
            guard !string.isEmpty else { throw node.error("must not be empty") }
            return string
        }
    }

    public mutating func bool(_ key: String, default: Bool) throws(ConfigError) -> Bool {
        try value(key, absent: `default`) { node throws(ConfigError) in try node.bool() }
    }

    /// A whole number within `range`.
    public mutating func int(
        _ key: String,
        default: Int,
        in range: ClosedRange<Int> = 0...Int.max
    ) throws(ConfigError) -> Int {
        try optionalInt(key, in: range) ?? `default`
    }

    /// A whole number within `range`; nil when absent.
    public mutating func optionalInt(
        _ key: String,
        in range: ClosedRange<Int> = 0...Int.max
    ) throws(ConfigError) -> Int? {
        try value(key, absent: nil) { node throws(ConfigError) in try node.int(in: range) }
    }

    /// A number within `range`; a whole number will do.
    public mutating func double(
        _ key: String,
        default: Double,
        in range: ClosedRange<Double> = 0...Double.infinity
    ) throws(ConfigError) -> Double {
        try value(key, absent: `default`) { node throws(ConfigError) in try node.double(in: range) }
    }

    /// A duration in Go's syntax (`300ms`, `1m30s`, `0`) within `range`; a number without unit is an error.
    public mutating func duration(
        _ key: String,
        default: Duration,
        in range: ClosedRange<Duration> = .zero ... .nanoseconds(Int64.max)
    ) throws(ConfigError) -> Duration {
        try optionalDuration(key, in: range) ?? `default`
    }

    /// A duration in Go's syntax within `range`; nil when absent.
    public mutating func optionalDuration(
        _ key: String,
        in range: ClosedRange<Duration> = .zero ... .nanoseconds(Int64.max)
    ) throws(ConfigError) -> Duration? {
        try value(key, absent: nil) { node throws(ConfigError) in try node.duration(in: range) }
    }

    /// One of the raw values of an enum; the error lists them.
    ///
    /// - Parameter ignoringCase: it may be written in capitals; the raw values are not.
    public mutating func oneOf<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        default: Choice,
        ignoringCase: Bool = false
    ) throws(ConfigError) -> Choice {
        try value(key, absent: `default`) { node throws(ConfigError) in
            guard let text = try? node.string(),
                let choice = Choice(rawValue: ignoringCase ? text.lowercased() : text)
            else {
                throw node.expected("one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return choice
        }
    }

    /// `host:port`, where a server listens.
    public mutating func endpoint(_ key: String, default: Endpoint) throws(ConfigError) -> Endpoint {
        try value(key, absent: `default`) { node throws(ConfigError) in
            guard let endpoint = Endpoint(try node.string()) else {
                throw node.expected("host:port such as localhost:4318 or 0.0.0.0:4318")
            }
            return endpoint
        }
    }
}

/// Lists and maps.
extension ConfigMap {
    /// The nodes of a list, for elements that are maps themselves: `try ConfigMap(node)`.
    public mutating func nodes(_ key: String) throws(ConfigError) -> [ConfigNode] {
        try value(key, absent: []) { node throws(ConfigError) in try node.list() }
    }

    /// The nodes of a list of scalars, or of a string with commas between them.
    public mutating func scalars(_ key: String) throws(ConfigError) -> [ConfigNode] {
        try value(key, absent: []) { node throws(ConfigError) in try node.scalars() }
    }

    /// A list of scalars as they were written, or a string with commas between them.
    public mutating func strings(_ key: String, default: [String] = []) throws(ConfigError) -> [String] {
        try value(key, absent: `default`) { node throws(ConfigError) in
            var strings: [String] = []
            for element in try node.scalars() { strings.append(try element.string()) }
            return strings
        }
    }

    /// A map of the user's own keys to scalars as they were written, such as headers.
    public mutating func stringMap(
        _ key: String,
        default: [String: String] = [:]
    ) throws(ConfigError) -> [String: String] {
        try value(key, absent: `default`) { node throws(ConfigError) in
            var strings: [String: String] = [:]
            var map = try ConfigMap(node)
            for (key, value) in map.takeAll() { strings[key] = try value.string() }
            return strings
        }
    }
}
