public import Collector

/// The configuration of the `bearertokenauth` extension, with the Collector's keys, defaults and messages.
public struct BearerTokenAuthConfiguration: ComponentConfiguration {
    public let header: String
    public let scheme: String
    /// The first is what an exporter sends; a receiver takes each of them.
    public let tokens: [String]
    /// A file with a token a line; wins over `tokens`.
    public let filename: String?

    public init(from map: inout ConfigMap) throws(ConfigError) {
        header = try map.text("header") ?? "Authorization"
        scheme = try map.string("scheme", default: "Bearer")
        let token = try map.text("token")
        let tokens = try map.strings("tokens").filter { !$0.isEmpty }
        filename = try map.text("filename")
        if token != nil, !tokens.isEmpty { try map.report("either tokens or token should be provided, not both") }
        self.tokens = token.map { [$0] } ?? tokens
        if self.tokens.isEmpty, filename == nil {
            try map.report("no bearer token provided: give token, tokens or filename")
        }
    }

    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "header",
                "string",
                default: "Authorization",
                example: "X-Api-Key",
                "The header that has the token."
            ),
            ConfigOption(
                "scheme",
                "string",
                default: "Bearer",
                example: "Token",
                "The word in front of the token; empty for none."
            ),
            ConfigOption(
                "token",
                "string",
                default: "",
                example: "${env:TOKEN}",
                secret: true,
                "The token: a receiver asks for it, an exporter sends it."
            ),
            ConfigOption(
                "tokens",
                "list of strings",
                default: "[]",
                example: "[\"${env:TOKEN}\", \"${env:OLD_TOKEN}\"]",
                secret: true,
                "Tokens that a receiver takes; an exporter sends the first."
            ),
            ConfigOption(
                "filename",
                "path",
                default: "",
                example: "/etc/steptrace/tokens",
                "A file with one token a line, in place of `token` and `tokens`. Read again when it changes."
            ),
        ]
    }
}
