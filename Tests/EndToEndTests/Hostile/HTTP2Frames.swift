import NIOCore
import NIOHPACK

/// HTTP/2 byte by byte, so that it can be wrong (RFC 9113).
enum HTTP2 {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let endStream: UInt8 = 0x1
    static let ack: UInt8 = 0x1
    static let endHeaders: UInt8 = 0x4
    static let padded: UInt8 = 0x8

    enum Kind: UInt8 {
        case data, headers, priority, rstStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    static func frame(
        _ kind: Kind,
        flags: UInt8 = 0,
        stream: UInt32 = 0,
        _ payload: [UInt8] = [],
        length: Int? = nil
    ) -> [UInt8] {
        let length = length ?? payload.count
        return [UInt8(truncatingIfNeeded: length >> 16), UInt8(truncatingIfNeeded: length >> 8)]
            + [UInt8(truncatingIfNeeded: length), kind.rawValue, flags] + bytes(stream) + payload
    }

    static func bytes(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    /// The preface and empty SETTINGS: what a connection begins with.
    static let hello = preface + frame(.settings)

    static func setting(_ id: UInt8, _ value: UInt32) -> [UInt8] { [0, id] + bytes(value) }

    /// Literals that are not indexed, so that each block stands by itself (RFC 7541, 6.2.2).
    static func block(_ headers: [(String, String)]) -> [UInt8] {
        headers.flatMap { [0] + string($0.0) + string($0.1) }
    }

    static func string(_ text: String) -> [UInt8] { integer(text.utf8.count) + text.utf8 }

    /// With a prefix of seven bits.
    static func integer(_ value: Int) -> [UInt8] {
        guard value >= 127 else { return [UInt8(value)] }
        var rest = value - 127
        var bytes: [UInt8] = [127]
        while rest >= 128 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

    /// A good request's headers, with others in place of some of them; nil takes one away.
    static func request(_ changes: [(String, String?)] = []) -> [(String, String)] {
        var headers = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]
        for (name, value) in changes {
            if let index = headers.firstIndex(where: { $0.0 == name }) {
                if let value { headers[index].1 = value } else { headers.remove(at: index) }
            } else if let value {
                headers.append((name, value))
            }
        }
        return headers
    }

    static func headers(_ changes: [(String, String?)] = [], stream: UInt32 = 1, end: Bool = false) -> [UInt8] {
        frame(.headers, flags: endHeaders | (end ? endStream : 0), stream: stream, block(request(changes)))
    }

    /// Frames of at most 16 KiB, the last with END_STREAM.
    static func data(_ bytes: [UInt8], stream: UInt32 = 1, end: Bool = true) -> [UInt8] {
        var frames: [UInt8] = []
        var rest = bytes[...]
        repeat {
            let piece = Array(rest.prefix(16384))
            rest = rest.dropFirst(16384)
            frames += frame(.data, flags: rest.isEmpty && end ? endStream : 0, stream: stream, piece)
        } while !rest.isEmpty
        return frames
    }

    /// A gRPC message with its prefix.
    static func message(_ bytes: [UInt8], flag: UInt8 = 0, length: UInt32? = nil) -> [UInt8] {
        [flag] + self.bytes(length ?? UInt32(bytes.count)) + bytes
    }
}

/// What a server has sent about stream 1.
struct HTTP2Answer: CustomStringConvertible {
    private(set) var status: Int?
    private(set) var grpcStatus: Int?
    private(set) var isEnded = false
    private(set) var isReset = false
    private(set) var goAway: UInt32?
    private(set) var message: String?

    init(_ bytes: [UInt8]) {
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            guard rest.count >= 9 + length else { return }
            let payload = Array(rest.dropFirst(9).prefix(length))
            rest = rest.dropFirst(9 + length)
            let isOne = head[5...8].elementsEqual([0, 0, 0, 1])
            switch HTTP2.Kind(rawValue: head[3]) {
            case .headers:
                var block = ByteBuffer(bytes: payload)
                guard let headers = try? decoder.decodeHeaders(from: &block), isOne else { continue }
                status = headers.first(name: ":status").flatMap { Int($0) } ?? status
                grpcStatus = headers.first(name: "grpc-status").flatMap { Int($0) } ?? grpcStatus
                message = headers.first(name: "grpc-message") ?? message
                if head[4] & HTTP2.endStream != 0 { isEnded = true }
            case .data where isOne && head[4] & HTTP2.endStream != 0: isEnded = true
            case .rstStream where isOne:
                isReset = true
                isEnded = true
            case .goAway where payload.count >= 8:
                goAway = payload[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
            default: break
            }
        }
    }

    var description: String {
        "status \(status ?? 0), grpc-status \(grpcStatus ?? -1) \(message ?? ""), reset \(isReset), "
            + "GOAWAY \(goAway as Any)"
    }
}
