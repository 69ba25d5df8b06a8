/// A failure as the API server tells it: the object `Status` (Kubernetes API conventions, "Response Status Kind").
public struct APIStatus: Error, Sendable, Equatable {
    public var code: Int
    /// As a client can look for it: `Expired`, `Forbidden`.
    public var reason: String
    public var message: String
    /// Seconds for the header Retry-After and the details.
    public var retryAfter: Int?
    /// The reason of the cause in the details.
    public var cause: String?

    public init(code: Int, reason: String, message: String, retryAfter: Int? = nil, cause: String? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfter = retryAfter
        self.cause = cause
    }

    public static let unauthorized = APIStatus(code: 401, reason: "Unauthorized", message: "Unauthorized")

    public static let forbidden = APIStatus(
        code: 403,
        reason: "Forbidden",
        message: "forbidden: User \"system:anonymous\" cannot list resource at the cluster scope"
    )

    public static let expired = APIStatus(code: 410, reason: "Expired", message: "too old resource version")

    static let continueExpired = APIStatus(
        code: 410,
        reason: "Expired",
        message: "The provided continue parameter is too old to display a consistent list result."
    )

    /// apiserver `pkg/storage/errors.go`: the server has not come as far as the client, after waiting for three seconds.
    public static let resourceVersionTooLarge = APIStatus(
        code: 504,
        reason: "Timeout",
        message: "Timeout: Too large resource version: 1000000, current: 1",
        retryAfter: 1,
        cause: "ResourceVersionTooLarge"
    )

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

    public static let serviceUnavailable = APIStatus(
        code: 503,
        reason: "ServiceUnavailable",
        message: "apiserver is shutting down"
    )

    public static let timeout = APIStatus(
        code: 504,
        reason: "Timeout",
        message: "request did not complete within the allotted timeout"
    )

    static let unknownResource = APIStatus(
        code: 404,
        reason: "NotFound",
        message: "the server could not find the requested resource"
    )

    static func badRequest(_ message: String) -> APIStatus {
        APIStatus(code: 400, reason: "BadRequest", message: message)
    }

    /// Options that do not go together (apimachinery `pkg/apis/meta/internalversion/validation`).
    static func invalidOption(_ name: String, _ problem: String) -> APIStatus {
        APIStatus(
            code: 422,
            reason: "Invalid",
            message: "ListOptions.meta.k8s.io \"\" is invalid: \(name): \(problem)"
        )
    }

    var json: String {
        let text = JSONText.string(message)
        var details: [String] = []
        if let cause { details.append(#""causes":[{"reason":"\#(cause)"}]"#) }
        if let retryAfter { details.append(#""retryAfterSeconds":\#(retryAfter)"#) }
        let object = details.isEmpty ? "" : #""details":{\#(details.joined(separator: ","))},"#
        return #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"#
            + #"\#(text),"reason":"\#(reason)",\#(object)"code":\#(code)}"#
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
