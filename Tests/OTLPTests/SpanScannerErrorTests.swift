import OTLP
import SwiftProtobuf
import Testing

@Suite("Span scanner: what it rejects")
struct SpanScannerErrorTests {
    /// The scanner's error, after making sure that swift-protobuf rejects the bytes too.
    private func rejection(_ bytes: [UInt8]) throws -> OTLPDecodingError? {
        #expect(throws: (any Error).self) {
            try Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(serializedBytes: bytes)
        }
        return #expect(throws: OTLPDecodingError.self) { try scanned(bytes).get() }
    }

    @Test("The error names the span, the field and the place")
    func description() throws {
        let body = wire {
            $0.field(1) {
                $0.field(2) {
                    $0.field(2) { $0.field(5, string: "fine") }
                    $0.field(2) { $0.field(5, string: "fine, too") }
                    $0.field(2) { $0.field(1, bytes: [UInt8](repeating: 1, count: 15)) }
                }
            }
        }
        let error = try #require(throws: OTLPDecodingError.self) { try scanned(body).get() }
        #expect("\(error)" == "span 3: trace_id has 15 bytes, expected 16 (byte \(body.count - 15) of the body)")
        #expect(error.span == 3)
    }

    @Test("Ids of spans and links have their length or none", arguments: 0...17)
    func idLengths(_ length: Int) throws {
        let id = [UInt8](repeating: 1, count: length)
        for field in [1, 2, 4] {
            let accepted = (try? scanned(request { $0.field(field, bytes: id) }).get()) != nil
            #expect(accepted == (length == 0 || length == (field == 1 ? 16 : 8)))
        }
        for field in [1, 2] {
            let accepted = (try? scanned(request { $0.field(13) { $0.field(field, bytes: id) } }).get()) != nil
            #expect(accepted == (length == 0 || length == (field == 1 ? 16 : 8)))
        }
    }

    @Test("Every string of OTLP must be UTF-8")
    func invalidUTF8() throws {
        typealias Attribute = Opentelemetry_Proto_Common_V1_KeyValue
        let marker = "~~~~"
        let nested = Attribute.with {
            $0.key = marker
            $0.value.arrayValue.values = [
                .with { $0.stringValue = marker },
                .with { $0.kvlistValue.values = [.with { $0.key = marker }] },
            ]
        }
        let message = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest.with {
            $0.resourceSpans = [
                .with {
                    $0.resource.attributes = [nested]
                    $0.resource.entityRefs = [
                        .with {
                            $0.schemaURL = marker
                            $0.type = marker
                            $0.idKeys = [marker]
                            $0.descriptionKeys = [marker]
                        }
                    ]
                    $0.schemaURL = marker
                    $0.scopeSpans = [
                        .with {
                            $0.scope.name = marker
                            $0.scope.version = marker
                            $0.scope.attributes = [nested]
                            $0.schemaURL = marker
                            $0.spans = [
                                .with {
                                    $0.traceState = marker
                                    $0.name = marker
                                    $0.attributes = [nested]
                                    $0.events = [
                                        .with {
                                            $0.name = marker
                                            $0.attributes = [nested]
                                        }
                                    ]
                                    $0.links = [
                                        .with {
                                            $0.traceState = marker
                                            $0.attributes = [nested]
                                        }
                                    ]
                                    $0.status.message = marker
                                }
                            ]
                        }
                    ]
                }
            ]
        }
        let body: [UInt8] = try message.serializedBytes()
        let places = body.indices.dropLast(3).filter { body[$0..<$0 + 4].elementsEqual(marker.utf8) }
        // 5 attributes of 3 strings each and 13 strings of their own.
        #expect(places.count == 5 * 3 + 13)
        #expect(try scanned(body).get().count == 1)
        for place in places {
            var broken = body
            broken[place + 3] = 0xC3
            let error = try rejection(broken)
            #expect(error?.offset == place)
            guard case .invalidUTF8 = error?.reason else {
                Issue.record("\(String(describing: error)) at \(place)")
                continue
            }
        }
    }

    @Test("Bytes and unknown fields need not be UTF-8")
    func bytesAreNotChecked() throws {
        let body = request {
            $0.field(9) { $0.field(2) { $0.field(7, bytes: [0xFF]) } }
            $0.field(99, bytes: [0xFF])
        }
        #expect(try scanned(body).get().count == 1)
    }

    @Test("Lengths beyond the message, up to the largest there is", arguments: [1, 2, 0x7FFF_FFFF, 1 << 63, .max])
    func lengths(_ length: UInt64) throws {
        let body = wire {
            $0.field(1) {
                $0.tag(2, 2)
                $0.varint(length)
            }
            $0.bytes += [0x0A, 0x00]
        }
        let error = try rejection(body)
        #expect(error?.reason == .lengthBeyondEnd(length: length, available: 0))
    }

    @Test("Tags: field number 0, wire types 6 and 7, more than five bytes")
    func tags() throws {
        #expect(try rejection([0x00, 0x00])?.reason == .malformedTag)
        #expect(try rejection([0x02, 0x00])?.reason == .malformedTag)
        #expect(try rejection([0x0E, 0x00])?.reason == .malformedTag)
        #expect(try rejection([0x0F, 0x00])?.reason == .malformedTag)
        #expect(try rejection([0x8A, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00])?.reason == .malformedTag)
        #expect(try rejection([0x8A, 0x80, 0x80, 0x80, 0x10, 0x00])?.reason == .malformedTag)
        #expect(try rejection([0x8A])?.reason == .truncated)
        // Five bytes for field 1 are odd, but legal.
        #expect(try scanned([0x8A, 0x80, 0x80, 0x80, 0x00, 0x00]).get().isEmpty)
    }

    @Test("Varints have at most ten bytes")
    func varints() throws {
        let ten = [UInt8](repeating: 0xFF, count: 9)
        #expect(try scanned([0x10] + ten + [0x7F]).get().isEmpty)
        #expect(try rejection([0x10] + ten + [0xFF, 0x01])?.reason == .malformedVarint)
    }

    @Test(
        "Fixed values that are cut off",
        arguments: [[0x09] + [UInt8](repeating: 0, count: 7), [0x0D, 0, 0, 0], [0x08]]
    )
    func truncated(_ body: [UInt8]) throws {
        #expect(try rejection(body)?.reason == .truncated)
    }

    @Test("Groups end where they began")
    func groups() throws {
        #expect(try rejection([0x0C])?.reason == .unmatchedEndGroup)
        #expect(try rejection([0x0B, 0x14])?.reason == .unmatchedEndGroup)
        #expect(try rejection([0x0B, 0x13, 0x0C, 0x14])?.reason == .unmatchedEndGroup)
        #expect(try rejection([0x0B])?.reason == .truncated)
        // A group must not end outside of the message it began in.
        #expect(try rejection([0x0A, 0x01, 0x13, 0x14])?.reason == .truncated)
        #expect(try scanned([0x0B, 0x13, 0x14, 0x0C]).get().isEmpty)
    }

    @Test("Nesting of values: as deep as swift-protobuf goes, and no deeper")
    func nestedValues() throws {
        // Request, ResourceSpans, ScopeSpans, Span and KeyValue are five levels.
        func body(depth: Int) -> [UInt8] {
            var value: [UInt8] = []
            for level in stride(from: depth - 6, to: 0, by: -1) {
                // AnyValue and ArrayValue in turns.
                let field = level % 2 == 1 ? 5 : 1
                let inner = value
                value = wire { $0.field(field, bytes: inner) }
            }
            return request { $0.field(9) { $0.field(2, bytes: value) } }
        }
        try expectLimit(body)
    }

    @Test("Nesting of groups: as deep as swift-protobuf goes, and no deeper")
    func nestedGroups() throws {
        try expectLimit { depth in
            let groups = depth - 4
            return request {
                $0.bytes += [UInt8](repeating: 0x0B, count: groups) + [UInt8](repeating: 0x0C, count: groups)
            }
        }
    }

    private func expectLimit(_ body: (_ depth: Int) -> [UInt8]) throws {
        let deepest = body(SpanScanner.nestingLimit)
        #expect(try scanned(deepest).get().count == 1)
        _ = try Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(serializedBytes: deepest)
        #expect(try rejection(body(SpanScanner.nestingLimit + 1))?.reason == .nestedTooDeeply)
        #expect(try rejection(body(20_000))?.reason == .nestedTooDeeply)
    }
}
