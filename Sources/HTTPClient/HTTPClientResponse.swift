/// An answer, whole.
public struct HTTPClientResponse: Sendable {
    public let status: Int
    public let body: [UInt8]
    private let fields: HeaderFields

    public init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.init(status: status, fields: .parsed(headers), body: body)
    }

    init(status: Int, fields: HeaderFields, body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// Names as they were sent. Parsed at each access: keep the result to look at it more than once.
    public var headers: [(name: String, value: String)] { fields.list }

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? { headers.firstValue(of: name) }
}
