import Compression
import GRPCCore
import HTTPServer
import NIOCore
import Testing

@testable import OTLPGRPC

@Suite("Messages of a gRPC request")
struct RequestMessageReaderTests {
    private func framed(_ bytes: [UInt8], flag: UInt8 = 0, length: Int? = nil) -> [UInt8] {
        let length = UInt32(length ?? bytes.count)
        return [flag] + withUnsafeBytes(of: length.bigEndian) { Array($0) } + bytes
    }

    /// What is read when the bytes come in pieces of a size.
    private func read(
        _ bytes: [UInt8],
        limit: Int = 1000,
        encoding: String? = "gzip",
        pieces: Int = .max
    ) throws(ExportError) -> [[UInt8]] {
        var reader = RequestMessageReader(limit: limit, encoding: encoding)
        var messages: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            try reader.append(ByteBuffer(bytes: rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
            while let message = try reader.next() { messages.append(Array(message.readableBytesView)) }
        }
        try reader.end()
        return messages
    }

    @Test("messages come out whole and uncompressed, however they are cut", arguments: [1, 2, 5, 7, Int.max])
    func whole(pieces: Int) throws {
        let text = (0..<500).map { UInt8($0 % 7) }
        let bytes = framed(text) + framed(try gzip(text), flag: 1) + framed([]) + framed([1])
        let expected = [framed(text), framed(text), framed([]), framed([1])]
        #expect(try read(bytes, pieces: pieces) == expected)
    }

    @Test("an error has the code and the words of grpc-go")
    func errors() throws {
        func error(_ bytes: [UInt8], limit: Int = 1000, encoding: String? = "gzip") -> ExportError? {
            #expect(throws: ExportError.self) { try read(bytes, limit: limit, encoding: encoding) }
        }
        #expect(
            error(framed([], length: 1001))
                == ExportError(.resourceExhausted, "grpc: received message larger than max (1001 vs. 1000)")
        )
        let zeros = [UInt8](repeating: 0, count: 1001)
        #expect(
            error(framed(try gzip(zeros), flag: 1))
                == ExportError(.resourceExhausted, "grpc: received message after decompression larger than max 1000")
        )
        #expect(error(framed([1, 2], flag: 1))?.code == .internalError)
        #expect(error(framed(try gzip(zeros).dropLast(3), flag: 1), limit: 2000)?.code == .internalError)
        #expect(
            error(framed([], flag: 1), encoding: nil)
                == ExportError(.internalError, "grpc: compressed flag set with identity or empty encoding")
        )
        #expect(error([2])?.message == "grpc: received unexpected payload format 2")
        for length in 1..<7 { #expect(error(Array(framed([1, 2]).prefix(length)))?.code == .internalError) }
        #expect(try read(framed([], flag: 0), encoding: nil) == [framed([])])
    }

    @Test("messages have no more memory than there is room for, compressed ones included, and give it back")
    func memory() throws {
        let bodies = BodyBudget(limit: 3000)
        func reader() -> RequestMessageReader {
            RequestMessageReader(limit: 10_000, encoding: "gzip", memory: RequestMemory(bodies))
        }
        var first = reader()
        try first.append(ByteBuffer(bytes: framed([UInt8](repeating: 1, count: 1000))))
        #expect(try first.next()?.readableBytes == 1005)
        #expect(bodies.held == 1005)
        // Refused by its length alone.
        var second = reader()
        try second.append(ByteBuffer(bytes: framed([], length: 1500)))
        #expect(throws: ExportError.noRoom) { try second.next() }
        second.giveBack()
        #expect(bodies.held == 1005)
        // By what comes.
        var third = reader()
        #expect(throws: ExportError.noRoom) { try third.append(ByteBuffer(repeating: 0, count: 1400)) }
        third.giveBack()
        // By what it becomes.
        var fourth = reader()
        try fourth.append(ByteBuffer(bytes: framed(try gzip([UInt8](repeating: 0, count: 1500)), flag: 1)))
        #expect(throws: ExportError.noRoom) { try fourth.next() }
        fourth.giveBack()
        #expect(bodies.held == 1005)
        first.giveBack()
        #expect(bodies.held == 0)
        var fifth = reader()
        let bytes = try gzip([UInt8](repeating: 0, count: 1500))
        try fifth.append(ByteBuffer(bytes: framed(bytes, flag: 1)))
        #expect(try fifth.next()?.readableBytes == 1505)
        #expect(bodies.held == 1505 + 5 + bytes.count)
        fifth.giveBack()
        #expect(bodies.held == 0)
        // What is too long for any request is said first.
        var sixth = reader()
        try sixth.append(ByteBuffer(bytes: framed([], length: 10_001)))
        #expect(throws: ExportError(.resourceExhausted, "grpc: received message larger than max (10001 vs. 10000)")) {
            try sixth.next()
        }
    }

    @Test("how much of a message is missing is known once its length is")
    func missing() throws {
        var reader = RequestMessageReader(limit: 1000, encoding: nil)
        #expect(reader.missingBytes == 0)
        try reader.append(ByteBuffer(bytes: framed([1, 2], length: 500).prefix(4)))
        #expect(reader.missingBytes == 0)
        try reader.append(ByteBuffer(bytes: framed([1, 2], length: 500).dropFirst(4)))
        #expect(reader.missingBytes == 498)
    }
}
