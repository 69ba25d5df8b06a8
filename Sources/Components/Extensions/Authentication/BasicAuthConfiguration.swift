public import Collector

/// The configuration of the `basicauth` extension, with the Collector's keys and messages.
public struct BasicAuthConfiguration: ComponentConfiguration {
    /// Who may send to a receiver.
    public struct Server: Sendable, Equatable {
        public var file: String?
        public var inline: String?
    }

    /// What an exporter logs in with. A file wins over the text beside it.
    public struct Client: Sendable, Equatable {
        public var username: String?
        public var password: String?
        public var usernameFile: String?
        public var passwordFile: String?
    }

    public enum Role: Sendable, Equatable {
        case server(Server)
        case client(Client)
    }

    public let role: Role

    public init(from map: inout ConfigMap) throws(ConfigError) {
        var server: Server?
        if var options = try map.optionalMap("htpasswd") {
            server = Server(file: try options.text("file"), inline: try options.text("inline"))
            try options.finish()
            if server?.file == nil, server?.inline == nil { try options.report("no credential source provided") }
        }
        var client: Client?
        if var options = try map.optionalMap("client_auth") {
            client = Client(
                username: try options.text("username"),
                password: try options.text("password"),
                usernameFile: try options.text("username_file"),
                passwordFile: try options.text("password_file")
            )
            try options.finish()
        }
        switch (server, client) {
        case (nil, nil):
            try map.report(
                "no credential source provided: give htpasswd (for receivers) or client_auth (for exporters)"
            )
            role = .server(Server())
        case (.some(let server), .some):
            try map.report("only one of `htpasswd` or `client_auth` can be specified")
            role = .server(server)
        case (.some(let server), nil): role = .server(server)
        case (nil, .some(let client)): role = .client(client)
        }
    }

    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "htpasswd.file",
                "path",
                default: "",
                example: "/etc/steptrace/htpasswd",
                "For receivers: who may send, as `htpasswd -B` writes it. Read again when it changes."
            ),
            ConfigOption(
                "htpasswd.inline",
                "string",
                default: "",
                example: "${env:HTPASSWD}",
                secret: true,
                "The same as text, for users beside those of the file."
            ),
            ConfigOption(
                "client_auth.username",
                "string",
                default: "",
                example: "tekton",
                "For exporters: the user to log in as. Not together with `htpasswd`."
            ),
            ConfigOption(
                "client_auth.password",
                "string",
                default: "",
                example: "${env:PASSWORD}",
                secret: true,
                "The user's password."
            ),
            ConfigOption(
                "client_auth.username_file",
                "path",
                default: "",
                example: "/etc/backend/username",
                "A file with the user's name; wins over `username`. Read again when it changes."
            ),
            ConfigOption(
                "client_auth.password_file",
                "path",
                default: "",
                example: "/etc/backend/password",
                "A file with the password; wins over `password`. Read again when it changes."
            ),
        ]
    }
}

extension ConfigMap {
    /// A string; nil when it is absent or empty.
    mutating func text(_ key: String) throws(ConfigError) -> String? {
        let text = try optionalString(key)
        return text?.isEmpty == true ? nil : text
    }
}
