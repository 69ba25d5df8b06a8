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
    let body: any AsyncSequence<[UInt8], any Error> & Sendable
}
