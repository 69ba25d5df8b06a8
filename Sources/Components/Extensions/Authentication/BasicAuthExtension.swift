import Collector

/// The `basicauth` extension: HTTP Basic, for a receiver or for an exporter.
enum BasicAuthExtension {
    static let factory = ComponentFactory.extension(
        type: "basicauth",
        stability: "beta",
        BasicAuthConfiguration.self
    ) { configuration, context in
        switch configuration.role {
        case .server(let server): try BasicAuthServer(server, context: context)
        case .client(let client): try BasicAuthClient(client, context: context)
        }
    }
}
