/// A failure as the API server tells it: the object `Status` (Kubernetes API conventions, "Response Status Kind").
public struct APIStatus: Sendable, Equatable {
    public var code: Int
    /// As a client can look for it: `Expired`, `Forbidden`.
    public var reason: String
    public var message: String
    /// Seconds for the header Retry-After.
    public var retryAfter: Int?

    public init(code: Int, reason: String, message: String, retryAfter: Int? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfter = retryAfter
    }

    public static let unauthorized = APIStatus(code: 401, reason: "Unauthorized", message: "Unauthorized")

    public static let forbidden = APIStatus(
        code: 403,
        reason: "Forbidden",
        message: "forbidden: User \"system:anonymous\" cannot list resource at the cluster scope"
    )

    public static let expired = APIStatus(code: 410, reason: "Expired", message: "too old resource version")

    public static let tooManyRequests = APIStatus(
        code: 429,
        reason: "TooManyRequests",
        message: "Too many requests, please try again later.",
        retryAfter: 1
    )

    public static let internalError = APIStatus(
        code: 500,
        reason: "InternalError",
        message: "Internal error occurred: etcdserver: request timed out"
    )

    static let unknownResource = APIStatus(
        code: 404,
        reason: "NotFound",
        message: "the server could not find the requested resource"
    )

    static func badRequest(_ message: String) -> APIStatus {
        APIStatus(code: 400, reason: "BadRequest", message: message)
    }

    /// The answer of a server without the feature gate WatchList.
    static func watchListDisabled(_ resource: RecordedResource) -> APIStatus {
        let cause = "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        return APIStatus(
            code: 422,
            reason: "Invalid",
            message: "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: \(cause)"
        )
    }

    var json: String {
        let text = JSONText.string(message)
        return #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"#
            + #"\#(text),"reason":"\#(reason)","code":\#(code)}"#
    }
}

enum JSONText {
    /// `text` as a JSON string, with its quotes.
    static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar.value < 0x20 ? " " : scalar)
            }
        }
        return result + "\""
    }
}
