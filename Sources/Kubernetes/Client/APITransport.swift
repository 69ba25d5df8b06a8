import HTTPClient

/// What carries requests to the API server. Tests answer them from a script.
protocol APITransport: Sendable {
    func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse
    func stream(_ request: HTTPClientRequest) async throws(HTTPClientError) -> APIStream
}

/// An answer whose body is read while it comes in. To stop, the task is cancelled or the body dropped.
struct APIStream: Sendable {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: any AsyncSequence<[UInt8], HTTPClientError> & Sendable
}

extension HTTPClient: APITransport {
    func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        try await execute(request)
    }

    func stream(_ request: HTTPClientRequest) async throws(HTTPClientError) -> APIStream {
        let stream: HTTPClientStream = try await stream(request)
        return APIStream(status: stream.status, headers: stream.headers, body: stream)
    }
}
