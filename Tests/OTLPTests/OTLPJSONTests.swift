import FoundationEssentials
import OTLP
import SwiftProtobuf
import TestSupport
import Testing

private typealias Request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest
private typealias AnyValue = Opentelemetry_Proto_Common_V1_AnyValue
private typealias Span = Opentelemetry_Proto_Trace_V1_Span

/// OTLP's JSON, with swift-protobuf as the judge of what it means.
@Suite("OTLP in JSON")
struct OTLPJSONTests {
    private func decode(_ json: String) throws -> Request {
        try Request(serializedBytes: OTLPJSON.decode(Array(json.utf8)))
    }

    /// The one span of a request, whose fields are `fields`.
    private func span(_ fields: String) throws -> Span {
        let request = try decode(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(fields)}]}]}]}"#)
        return try #require(request.resourceSpans.first?.scopeSpans.first?.spans.first)
    }

    private func value(_ json: String) throws -> AnyValue {
        try #require(try span(#""attributes":[{"key":"k","value":\#(json)}]"#).attributes.first?.value)
    }

    private func error(_ json: String) -> OTLPJSONError? {
        do {
            _ = try OTLPJSON.decode(Array(json.utf8))
            return nil
        } catch {
            return error
        }
    }

    private func spanError(_ fields: String) -> OTLPJSONError? {
        error(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(fields)}]}]}]}"#)
    }

    // MARK: Round trips

    @Test("Recorded exports come back as the same messages, and the same bytes give the same text")
    func recordings() throws {
        let exports = try Recordings.exports()
        #expect(exports.count > 40)
        for export in exports {
            let json = try OTLPJSON.encode(export.body)
            try #expect(json == OTLPJSON.encode(export.body), "\(export.name)")
            let decoded = try OTLPJSON.decode(json)
            try #expect(
                Request(serializedBytes: decoded) == Request(serializedBytes: export.body),
                "\(export.name)"
            )
            try #expect(OTLPJSON.encode(decoded) == json, "\(export.name)")
        }
    }

    @Test("Random messages come back as they were")
    func randomMessages() throws {
        try fuzz("random messages in JSON", iterations: 300) { generator, seed in
            var random = RandomRequest(generator: generator)
            let request = random.make()
            let json = try OTLPJSON.encode(try request.serializedBytes())
            let decoded = try Request(serializedBytes: OTLPJSON.decode(json))
            if decoded != request {
                Issue.record("STEPTRACE_FUZZ_SEED=\(seed): \(String(decoding: json, as: UTF8.self))")
            }
        }
    }

    @Test("Ids are written in lowercase hex, enums and small numbers as numbers, 64-bit numbers as strings")
    func written() throws {
        let request = Request.with { request in
            let span = Span.with {
                $0.traceID = Data((0..<16).map { 0xF0 + $0 })
                $0.name = "a\"b\n"
                $0.kind = .server
                $0.startTimeUnixNano = .max
                $0.droppedLinksCount = 7
            }
            request.resourceSpans = [.with { $0.scopeSpans = [.with { $0.spans = [span] }] }]
        }
        let json = try OTLPJSON.encode(try request.serializedBytes())
        let fields =
            #""traceId":"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff","name":"a\"b\n","kind":2,"#
            + #""startTimeUnixNano":"18446744073709551615","droppedLinksCount":7"#
        #expect(
            String(decoding: json, as: UTF8.self) == #"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(fields)}]}]}]}"#
        )
    }

    @Test("An empty request is an empty object")
    func empty() throws {
        try #expect(OTLPJSON.encode([UInt8]()) == Array("{}".utf8))
        try #expect(OTLPJSON.decode(Array(" {} \n".utf8)) == [])
    }

    // MARK: Reading

    @Test("Ids are hex of any case", arguments: ["0a1b2c3d4e5f6071", "0A1B2C3D4E5F6071", "0a1B2c3D4e5F6071"])
    func hexIDs(id: String) throws {
        let span = try span(#""traceId":"\#(id)\#(id)","spanId":"\#(id)","parentSpanId":"""#)
        let bytes: [UInt8] = [0x0A, 0x1B, 0x2C, 0x3D, 0x4E, 0x5F, 0x60, 0x71]
        #expect(span.traceID == Data(bytes + bytes))
        #expect(span.spanID == Data(bytes))
        #expect(span.parentSpanID.isEmpty)
    }

    @Test("Enums are integers, and known names are taken too")
    func enums() throws {
        try #expect(span(#""kind":3,"status":{"code":2}"#).kind == .client)
        try #expect(span(#""kind":3,"status":{"code":2}"#).status.code == .error)
        try #expect(span(#""kind":42"#).kind == .UNRECOGNIZED(42))
        try #expect(span(#""kind":"SPAN_KIND_CLIENT""#).kind == .client)
        #expect(spanError(#""kind":"SPAN_KIND_NONE""#) != nil)
    }

    @Test("64-bit numbers are strings or numbers")
    func longNumbers() throws {
        let span = try span(#""startTimeUnixNano":"18446744073709551615","endTimeUnixNano":1700000000123456789"#)
        #expect(span.startTimeUnixNano == .max)
        #expect(span.endTimeUnixNano == 1_700_000_000_123_456_789)
        try #expect(value(#"{"intValue":"-9223372036854775808"}"#).intValue == .min)
        try #expect(value(#"{"intValue":-9223372036854775808}"#).intValue == .min)
        #expect(spanError(#""startTimeUnixNano":"18446744073709551616""#) != nil)
        #expect(spanError(#""startTimeUnixNano":-1"#) != nil)
        #expect(spanError(#""startTimeUnixNano":1.5"#) != nil)
    }

    @Test("Unknown fields of any kind are ignored, and so are nulls")
    func unknownFields() throws {
        let unknown = #""new":{"a":[1,-2.5e3,"\u00e9",true,false,null,{},[]]}"#
        try #expect(span(#"\#(unknown),"name":"n","traceState":null,"events":null"#) == Span.with { $0.name = "n" })
        #expect(spanError(#""new":[1,]"#) != nil)
    }

    @Test("Names in snake_case are unknown fields")
    func snakeCase() throws {
        let fields = #""trace_id":"no id","start_time_unix_nano":"5","name":"n""#
        try #expect(span(fields) == Span.with { $0.name = "n" })
        try #expect(decode(#"{"resource_spans":[{}]}"#).resourceSpans.isEmpty)
    }

    @Test("Values of all kinds")
    func values() throws {
        try #expect(value(#"{"stringValue":"a\n\u00e9\ud83d\ude80"}"#).value == .stringValue("a\n\u{E9}\u{1F680}"))
        try #expect(value(#"{"stringValue":""}"#).value == .stringValue(""))
        try #expect(value(#"{"boolValue":true}"#).value == .boolValue(true))
        try #expect(value(#"{"boolValue":false}"#).value == .boolValue(false))
        try #expect(value(#"{"intValue":"0"}"#).value == .intValue(0))
        try #expect(value(#"{"doubleValue":-0.5e1}"#).value == .doubleValue(-5))
        try #expect(value(#"{"doubleValue":"-Infinity"}"#).value == .doubleValue(-.infinity))
        try #expect(value(#"{"doubleValue":"NaN"}"#).doubleValue.isNaN)
        try #expect(value("{}").value == nil)
        let array = try value(#"{"arrayValue":{"values":[{"intValue":"1"},{"boolValue":true}]}}"#)
        #expect(array.arrayValue.values.map(\.value) == [.intValue(1), .boolValue(true)])
        let list = try value(#"{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}}"#)
        #expect(list.kvlistValue.values.map(\.key) == ["k"])
        #expect(list.kvlistValue.values.map(\.value.stringValue) == ["v"])
    }

    @Test("Bytes are base64 of either alphabet, padded or not", arguments: ["+/8=", "-_8=", "+/8", "-_8"])
    func base64(text: String) throws {
        try #expect(value(#"{"bytesValue":"\#(text)"}"#).value == .bytesValue(Data([0xFB, 0xFF])))
    }

    // MARK: Errors

    @Test("Nesting is bounded")
    func depth() {
        for levels in [250, 100_000] {
            #expect(error(#"{"new":\#(String(repeating: "[", count: levels))"#)?.reason.contains("nest deeper") == true)
            let values = String(repeating: #"{"arrayValue":{"values":["#, count: levels)
            #expect(
                spanError(#""attributes":[{"value":\#(values)"#)?.reason.contains("nest deeper") == true
            )
        }
        let shallow = String(repeating: "[", count: 50) + String(repeating: "]", count: 50)
        #expect(error(#"{"new":\#(shallow)}"#) == nil)
    }

    @Test(
        "Bad ids are errors that say where",
        arguments: ["00", "0a1b2c3d4e5f607", "0a1b2c3d4e5f607g", "ChssPU5fYHE="]
    )
    func badIDs(id: String) {
        #expect(spanError(#""spanId":"\#(id)""#)?.path == "resourceSpans.scopeSpans.spans.spanId")
        #expect(spanError(#""traceId":"\#(id)""#)?.path == "resourceSpans.scopeSpans.spans.traceId")
    }

    @Test("A text cut off at any byte is an error")
    func truncations() throws {
        let body = try #require(try Recordings.exports().map(\.body).min { $0.count < $1.count })
        let json = try OTLPJSON.encode(body)
        for length in 0..<json.count {
            let error = #expect(throws: OTLPJSONError.self) { try OTLPJSON.decode(Array(json.prefix(length))) }
            #expect((0...length).contains(error?.offset ?? -1), "cut off at \(length)")
        }
    }

    @Test("Text behind the request is an error", arguments: ["{}", "x", "]", ",", "\u{0}"])
    func trailingText(text: String) {
        #expect(error("{}" + text)?.offset == 2)
    }

    @Test("What is no object, or no JSON, is an error")
    func noRequest() {
        for json in ["", "[]", "null", "1", #"{"resourceSpans":{}}"#, #"{"resourceSpans":[],}"#, "{resourceSpans:[]}"] {
            #expect(error(json) != nil, "\(json)")
        }
        #expect(throws: OTLPJSONError.self) { try OTLPJSON.decode([0x7B, 0xFF, 0x7D]) }
    }

    @Test("Recorded exports in JSON with a few bytes changed")
    func mutations() throws {
        let buffer = try GuardedBuffer(capacity: 1 << 17)
        let texts = try Recordings.exports().map(\.body).filter { $0.count < 4000 }.map { try OTLPJSON.encode($0) }
        try #require(!texts.isEmpty)
        fuzz("mutations of JSON", iterations: 2000) { generator, seed in
            let bytes = mutated(texts, &generator)
            switch buffer.withCopy(of: bytes, decoded) {
            case .success(let request):
                if (try? Request(serializedBytes: request)) == nil || (try? OTLPJSON.encode(request)) == nil {
                    Issue.record("STEPTRACE_FUZZ_SEED=\(seed): decoded to what is no request: \(bytes)")
                }
            case .failure(let error):
                if !(0...bytes.count).contains(error.offset) {
                    Issue.record("STEPTRACE_FUZZ_SEED=\(seed): an offset outside of the text: \(error)")
                }
            }
        }
    }

    private func decoded(_ json: RawSpan) -> Result<[UInt8], OTLPJSONError> {
        do {
            return .success(try OTLPJSON.decode(json))
        } catch {
            return .failure(error)
        }
    }

    private func mutated(_ texts: [[UInt8]], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = texts[Int.random(in: 0..<texts.count, using: &generator)]
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1, 2: bytes[place] = Array(#"{}[]":,\u0-.eE9 nt"#.utf8).randomElement(using: &generator) ?? 0
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            default: bytes.removeSubrange(place..<max(place, min(end, bytes.count - 1)))
            }
        }
        return bytes
    }
}
