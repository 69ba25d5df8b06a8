/// The API's `Status` object: the body of an error answer, or the object of an ERROR event.
struct KubernetesStatus: Decodable, Sendable {
    struct Details: Decodable {
        var retryAfterSeconds: Int?
        var causes: [Cause]?
    }

    struct Cause: Decodable {
        var reason: String?
    }

    var message: String?
    var reason: String?
    var code: Int?
    var details: Details?

    /// `types.go` of apimachinery, `CauseTypeResourceVersionTooLarge`; servers before 1.18 have only the message.
    private var isVersionTooLarge: Bool {
        details?.causes?.contains { $0.reason == "ResourceVersionTooLarge" } == true
            || message?.contains("Too large resource version") == true
    }

    /// - Parameter status: of the answer; nil for an ERROR event, which only has `code`.
    func kind(status: Int? = nil) -> KubernetesError.Kind {
        let code = status ?? code ?? 0
        if isVersionTooLarge { return .resourceVersionTooLarge }
        return switch (code, reason) {
        case (401, _): .unauthorized
        case (403, _): .forbidden
        case (404, _): .notFound
        case (410, _), (_, "Expired"), (_, "Gone"): .expired
        case (429, _): .tooManyRequests
        case (_, "StorageReadError"): .storageRead
        default: .server(status: code)
        }
    }
}
