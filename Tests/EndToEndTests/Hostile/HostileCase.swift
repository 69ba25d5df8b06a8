import NIOCore

/// One kind of hostile input, and what the gateway has to answer.
struct HostileCase: Sendable {
    enum Expectation: Sendable {
        /// HTTP/1.1: responses with these codes, in this order, and the connection is closed.
        case statuses([Int])
        /// HTTP/1.1: one response with any of these codes, and the connection is closed.
        case anyOf([Int])
        /// The connection is closed, with no response; with HTTP/2, perhaps with a GOAWAY.
        case closed
        /// HTTP/1.1: the connection is closed, whatever was answered before.
        case gone
        /// Stream 1 ends with this `grpc-status`.
        case grpc(Int)
        /// Stream 1 ends with this `:status` and no `grpc-status`.
        case status(Int)
        /// Stream 1 is reset, or the connection is closed.
        case reset
    }

    let name: String
    let bytes: [UInt8]
    var behind = RawExchange.Behind.wait
    let expected: Expectation

    init(_ name: String, _ bytes: [UInt8], _ behind: RawExchange.Behind, _ expected: Expectation) {
        self.name = name
        self.bytes = bytes
        self.behind = behind
        self.expected = expected
    }

    init(_ name: String, _ bytes: [UInt8], _ expected: Expectation) { self.init(name, bytes, .wait, expected) }

    init(_ name: String, _ text: String, _ behind: RawExchange.Behind, _ expected: Expectation) {
        self.init(name, Array(text.utf8), behind, expected)
    }

    init(_ name: String, _ text: String, _ expected: Expectation) { self.init(name, text, .wait, expected) }

    /// What was wrong with the answer; nil when it was as expected.
    func run(http: Int, grpc: Int) async throws -> String? {
        switch expected {
        case .statuses, .anyOf:
            let received = try await RawExchange(port: http).send(bytes, behind)
            let statuses = Self.statuses(received.bytes)
            guard received.end == .closed, isExpected(statuses) else {
                return "\(name): \(received.end), \(statuses), expected \(expected)\n\(received.bytes.head)"
            }
        case .gone:
            let received = try await RawExchange(port: http).send(bytes, behind)
            guard received.end == .closed else { return "\(name): \(received.end), expected \(expected)" }
        case .closed:
            let isHTTP2 = name.hasPrefix("h2")
            let received = try await RawExchange(port: isHTTP2 ? grpc : http).send(bytes, behind)
            guard received.end == .closed, isHTTP2 || received.bytes.isEmpty else {
                return "\(name): \(received.end), expected \(expected)\n\(received.bytes.head)"
            }
        case .grpc, .status, .reset:
            let received = try await RawExchange(port: grpc).send(bytes, behind) { HTTP2Answer($0).isEnded }
            let answer = HTTP2Answer(received.bytes)
            guard isExpected(answer, received.end) else {
                return "\(name): \(received.end), \(answer), expected \(expected)"
            }
        }
        return nil
    }

    private func isExpected(_ statuses: [Int]) -> Bool {
        switch expected {
        case .statuses(let expected): statuses == expected
        case .anyOf(let expected): statuses.count == 1 && expected.contains(statuses[0])
        default: false
        }
    }

    private func isExpected(_ answer: HTTP2Answer, _ end: RawExchange.End) -> Bool {
        switch expected {
        case .grpc(let code): answer.grpcStatus == code
        case .status(let code): answer.status == code && answer.grpcStatus == nil
        case .reset: answer.isReset || end == .closed
        default: false
        }
    }

    /// The codes of the responses in these bytes.
    private static func statuses(_ bytes: [UInt8]) -> [Int] {
        var statuses: [Int] = []
        let mark = Array("HTTP/1.1 ".utf8)
        var index = 0
        while index + mark.count + 3 <= bytes.count {
            if bytes[index] == mark[0], bytes[index..<(index + mark.count)].elementsEqual(mark) {
                let digits = bytes[(index + mark.count)..<(index + mark.count + 3)]
                statuses.append(Int(String(decoding: digits, as: UTF8.self)) ?? 0)
                index += mark.count
            } else {
                index += 1
            }
        }
        return statuses
    }
}

extension [UInt8] {
    fileprivate var head: String { String(decoding: prefix(300), as: UTF8.self) }
}
