/// What of a request is in an easy handle's options and stays there: two requests that agree here differ, for libcurl,
/// in their body and time limit only.
struct TransferSettings {
    let method: String
    let url: String
    let headers: [(name: String, value: String)]
    let acceptsCompression: Bool
    let isStream: Bool
    let sendsBody: Bool
    /// Above 1 MiB libcurl would wait for "100 Continue".
    let isLarge: Bool
    /// Set on its own when it differs.
    var timeoutMilliseconds = 0

    init(_ transfer: Transfer) {
        let request = transfer.request
        method = request.method
        url = request.url
        headers = request.headers
        acceptsCompression = request.acceptsCompression
        isStream = transfer.isStream
        sendsBody = Self.sendsBody(request)
        isLarge = Self.isLarge(request)
    }

    func fit(_ transfer: Transfer) -> Bool {
        let request = transfer.request
        return method == request.method && url == request.url && acceptsCompression == request.acceptsCompression
            && isStream == transfer.isStream && sendsBody == Self.sendsBody(request) && isLarge == Self.isLarge(request)
            && Self.areSame(headers, request.headers)
    }

    /// Methods whose requests have content by definition say so even if it is empty (RFC 9110, 8.6).
    private static func sendsBody(_ request: HTTPClientRequest) -> Bool {
        !request.body.isEmpty || request.method == "POST" || request.method == "PUT" || request.method == "PATCH"
    }

    private static func isLarge(_ request: HTTPClientRequest) -> Bool { request.body.count >= 1 << 20 }

    private static func areSame(
        _ left: [(name: String, value: String)],
        _ right: [(name: String, value: String)]
    ) -> Bool {
        guard left.count == right.count else { return false }
        // Mostly one and the same array, used for request after request.
        let isOneArray = left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { left.baseAddress == $0.baseAddress }
        }
        return isOneArray || zip(left, right).allSatisfy { $0 == $1 }
    }
}

extension Transfer {
    var isStream: Bool {
        if case .stream = sink { true } else { false }
    }
}
