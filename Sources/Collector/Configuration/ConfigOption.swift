/// One option of a component, as docs/configuration.md shows it.
public struct ConfigOption: Sendable, Equatable {
    /// Path below the component, joined with dots: `retry_on_failure.initial_interval`.
    public let key: String
    /// What a user may write: `duration`, `string`, `list of strings`, `events | spans | none`.
    public let kind: String
    /// The default as it would be written in YAML; empty when the option is off or required.
    public let `default`: String
    /// A value as it would be written in YAML.
    public let example: String
    /// One or two sentences.
    public let help: String
    /// The value is not to be shown: a password, a token, a key. Of a map or list, no value in it is.
    public let isSecret: Bool

    public init(
        _ key: String,
        _ kind: String,
        default: String,
        example: String,
        secret: Bool = false,
        _ help: String
    ) {
        self.key = key
        self.kind = kind
        self.default = `default`
        self.example = example
        self.help = help
        isSecret = secret
    }
}
