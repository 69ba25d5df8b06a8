import HTTPClient

/// The error that a call must end with; nil if it does not.
func error<T>(of call: () async throws(HTTPClientError) -> T) async -> HTTPClientError? {
    do {
        _ = try await call()
        return nil
    } catch {
        return error
    }
}

/// Returns when the condition holds; the test's time limit is the limit.
func eventually(_ condition: () -> Bool) async {
    while !condition() && !Task.isCancelled { await Task.yield() }
}

extension HTTPClientResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension HTTPClientRequest {
    static func get(_ url: String) -> HTTPClientRequest { HTTPClientRequest(method: "GET", url: url) }

    static func post(_ url: String, _ body: [UInt8] = Array("hello".utf8)) -> HTTPClientRequest {
        HTTPClientRequest(method: "POST", url: url, body: body)
    }
}
