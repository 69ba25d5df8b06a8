import Testing

@testable import HTTPClient

@Suite
struct StreamStateTests {
    private func receive(_ count: Int, into state: inout StreamState) -> Bool {
        [UInt8](repeating: 1, count: count).withUnsafeBytes { state.receive($0) } != nil
    }

    private func chunk(_ state: inout StreamState) throws -> [UInt8]? {
        let taken = state.take()
        return try #require(taken).result.get()
    }

    @Test func bytesAreTakenUntilTheBufferIsFullAndAgainOnceItIsRead() throws {
        var state = StreamState(capacity: 10)
        #expect(receive(6, into: &state))
        #expect(receive(6, into: &state))
        #expect(!receive(6, into: &state))
        let next = state.take()
        let taken = try #require(next)
        #expect(try taken.result.get()?.count == 12)
        #expect(taken.resumesTransfer)
        #expect(receive(6, into: &state))
        let last = state.take()
        #expect(last?.resumesTransfer == false)
    }

    @Test func nothingYetIsNoResult() {
        var state = StreamState(capacity: 10)
        let taken = state.take()
        #expect(taken == nil)
    }

    @Test func theEndComesAfterTheBytesAndStays() throws {
        var state = StreamState(capacity: 10)
        #expect(receive(3, into: &state))
        _ = state.finish(throwing: nil)
        #expect(try chunk(&state)?.count == 3)
        #expect(try chunk(&state) == nil)
        #expect(try chunk(&state) == nil)
    }

    @Test func anErrorComesOnceAfterTheBytes() throws {
        var state = StreamState(capacity: 10)
        #expect(receive(3, into: &state))
        _ = state.finish(throwing: HTTPClientError(.timeout, "late"))
        _ = state.finish(throwing: HTTPClientError(.cancelled, "too late to count"))
        #expect(try chunk(&state)?.count == 3)
        #expect(throws: HTTPClientError(.timeout, "late")) { try chunk(&state) }
        #expect(try chunk(&state) == nil)
    }

    @Test func anEndBeforeTheHeadersIsAnErrorThere() {
        var state = StreamState(capacity: 10)
        _ = state.finish(throwing: nil)
        #expect(throws: HTTPClientError.self) { try state.head?.get() }
    }
}
