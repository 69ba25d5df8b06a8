import FoundationEssentials

/// The gateway's configuration for the demo, as a file like any user's.
struct DemoConfiguration {
    let text: String

    /// - Parameters:
    ///   - apiServer: URL of the replaying API server.
    ///   - backend: URL of the recording backend.
    ///   - userBackend: URL of a backend that gets the traces as well.
    init(apiServer: String, backend: String, userBackend: String?) {
        var exporters = """
              otlp_http:
                endpoint: \(backend)
                compression: none

            """
        if let userBackend {
            exporters += """
                  otlp_http/user:
                    endpoint: "\(userBackend)"

                """
        }
        text = """
            receivers:
              otlp:
                protocols:
                  http:
                    endpoint: 127.0.0.1:0
            processors:
              tekton_steps:
                auth_type: none
                api_server: \(apiServer)
                completed_max_age: 87600h
                max_hold: 1s
            exporters:
            \(exporters)\
            extensions:
              health_check:
                endpoint: 127.0.0.1:0
            service:
              telemetry:
                metrics:
                  level: none
              extensions: [health_check]
              pipelines:
                traces:
                  receivers: [otlp]
                  processors: [tekton_steps]
                  exporters: [otlp_http\(userBackend == nil ? "" : ", otlp_http/user")]

            """
    }

    /// Writes it to a new folder among the temporary files and returns its path.
    func write() throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "steptrace-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "steptrace.yaml")
        try Data(text.utf8).write(to: file)
        return file.path
    }
}
