public import Collector
import HTTPServer
import NIOHTTP1

/// `cors` of a server: which web pages may send (the Collector's confighttp, which uses rs/cors).
public struct CORSConfiguration: Sendable, Equatable {
    /// May contain a `*`. Empty: none.
    public var allowedOrigins: [String] = []
    public var allowedHeaders: [String] = []
    public var exposedHeaders: [String] = []
    /// Seconds for which a browser may keep the answer; 0: the browser's choice.
    public var maxAge = 0

    public init() {}

    /// Reads the map behind `cors`, unknown keys included.
    public init(from map: inout ConfigMap) throws(ConfigError) {
        allowedOrigins = try map.strings("allowed_origins")
        allowedHeaders = try map.strings("allowed_headers")
        exposedHeaders = try map.strings("exposed_headers")
        maxAge = try map.int("max_age", default: 0)
        try map.finish()
    }

    static func options(prefix: String) -> [ConfigOption] {
        let list = "list of strings"
        return [
            ConfigOption(
                "\(prefix).allowed_origins",
                list,
                default: "[]",
                example: "[\"https://*.example.com\"]",
                "Web pages that may send; without any, none may."
            ),
            ConfigOption(
                "\(prefix).allowed_headers",
                list,
                default: "[]",
                example: "[X-Team]",
                "Headers they may send besides Accept, Content-Type and X-Requested-With; `*` for all."
            ),
            ConfigOption("\(prefix).exposed_headers", list, default: "[]", example: "[X-Id]", "Headers they may read."),
            ConfigOption(
                "\(prefix).max_age",
                "seconds",
                default: "0",
                example: "600",
                "How long a browser may keep the answer; 0 for the browser's own limit."
            ),
        ]
    }

    /// The answer to a browser's question whether it may send; nil when the request is none.
    func preflight(method: HTTPMethod, headers: HTTPHeaders) -> HTTPServerResponse? {
        guard method == .OPTIONS, let wanted = headers.first(name: "Access-Control-Request-Method"), !wanted.isEmpty
        else { return nil }
        var response = HTTPServerResponse(
            status: .noContent,
            headers: ["Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"]
        )
        let asked = headers.first(name: "Access-Control-Request-Headers") ?? ""
        guard let origin = allowed(headers), ["GET", "POST", "HEAD"].contains(wanted.uppercased()), allows(asked) else {
            return response
        }
        response.headers.add(name: "Access-Control-Allow-Origin", value: origin)
        response.headers.add(name: "Access-Control-Allow-Methods", value: wanted.uppercased())
        if !asked.isEmpty { response.headers.add(name: "Access-Control-Allow-Headers", value: asked) }
        response.headers.add(name: "Access-Control-Allow-Credentials", value: "true")
        if maxAge > 0 { response.headers.add(name: "Access-Control-Max-Age", value: "\(maxAge)") }
        return response
    }

    /// Adds what a browser wants to see on the response to a request with these headers.
    func add(to response: inout HTTPHeaders, headers: HTTPHeaders) {
        response.add(name: "Vary", value: "Origin")
        guard let origin = allowed(headers) else { return }
        response.add(name: "Access-Control-Allow-Origin", value: origin)
        if !exposedHeaders.isEmpty {
            response.add(name: "Access-Control-Expose-Headers", value: exposedHeaders.joined(separator: ", "))
        }
        response.add(name: "Access-Control-Allow-Credentials", value: "true")
    }

    /// What to allow; nil for a request without an origin or with one that is not allowed.
    private func allowed(_ headers: HTTPHeaders) -> String? {
        guard let origin = headers.first(name: "Origin"), !origin.isEmpty else { return nil }
        if allowedOrigins.contains("*") { return "*" }
        let lowercased = origin.lowercased()
        return allowedOrigins.contains { Self.matches(lowercased, $0.lowercased()) } ? origin : nil
    }

    private static func matches(_ origin: String, _ pattern: String) -> Bool {
        guard let star = pattern.firstIndex(of: "*") else { return origin == pattern }
        let (prefix, suffix) = (pattern[..<star], pattern[pattern.index(after: star)...])
        return origin.utf8.count >= prefix.utf8.count + suffix.utf8.count && origin.hasPrefix(prefix)
            && origin.hasSuffix(suffix)
    }

    private func allows(_ asked: String) -> Bool {
        if allowedHeaders.contains("*") { return true }
        let known = (["accept", "content-type", "x-requested-with", "origin"] + allowedHeaders).map { $0.lowercased() }
        return asked.split(separator: ",").allSatisfy { name in
            known.contains(name.filter { $0 != " " }.lowercased())
        }
    }
}
