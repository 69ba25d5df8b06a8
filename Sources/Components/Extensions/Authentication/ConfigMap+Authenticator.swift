import Collector

extension ConfigMap {
    /// Takes `auth`, the Collector's configauth: the extension that it names; nil when there is no such key.
    ///
    /// - Parameter ofServer: Only a server's has `request_params`.
    mutating func authenticator(ofServer: Bool = false) throws(ConfigError) -> ComponentID? {
        guard var auth = try optionalMap("auth") else { return nil }
        let node = auth.takeValue("authenticator")
        if ofServer, try !auth.strings("request_params").isEmpty {
            try auth.report("request_params are not supported: the authenticators here look at headers only")
        }
        try auth.finish()
        // Without it, everybody could send.
        guard let node, try !node.string().isEmpty else {
            try auth.report("\"authenticator\" must be specified")
            return nil
        }
        return try ComponentID(try node.string(), at: node)
    }
}
