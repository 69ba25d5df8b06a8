import Collector
import GRPCCore
import Logging
import NIOCore
import OTLP
import OTLPGRPC
import SwiftProtobuf

/// Sends batches to a backend that speaks OTLP/gRPC.
final class OTLPGRPCSender: BatchSender {
    private let connection: OTLPGRPCConnection
    private let authenticator: (any ClientAuthenticator)?
    private let logger: Logger

    /// Connects with the first request: a backend that is down is no error.
    init(_ configuration: OTLPGRPCExporterConfiguration, context: ComponentContext) throws {
        authenticator = try configuration.authenticator.map { try context.clientAuthenticator($0) }
        logger = context.logger
        connection = try OTLPGRPCConnection(configuration.client, group: context.eventLoopGroup, logger: logger)
        if configuration.usesTLS, configuration.tls.insecureSkipVerify {
            logger.warning("tls::insecure_skip_verify is set: the backend's certificate is not verified")
        }
    }

    func send(_ batches: [TraceBatch], _ completion: @escaping @Sendable (ExportOutcome) -> Void) {
        let headers: [(name: String, value: String)]
        do throws(AuthenticationError) {
            headers = try authenticator?.credentials() ?? []
        } catch {
            return completion(.permanent("rpc error: code = Unauthenticated desc = \(error)"))
        }
        var body = ByteBuffer()
        if batches.count == 1 {
            body = batches[0].body
        } else {
            body.reserveCapacity(batches.reduce(0) { $0 + $1.byteCount })
            for batch in batches { body.writeImmutableBuffer(batch.body) }
        }
        let client = connection.client()
        Task { [logger, body] in
            do throws(ExportError) {
                let response = try await client.client.export(body, headers: headers)
                completion(Self.outcome(of: response, logger))
            } catch {
                completion(Self.outcome(of: error))
            }
        }
    }

    func shutdown() async { await connection.close() }

    private static func outcome(of response: ByteBuffer, _ logger: Logger) -> ExportOutcome {
        // Nearly always: no partial success.
        guard response.readableBytes > 0 else { return .delivered }
        typealias Response = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceResponse
        guard let content = try? Response(serializedBytes: Array(response.readableBytesView)) else {
            return .permanent("error parsing response: not an ExportTraceServiceResponse")
        }
        let partial = content.partialSuccess
        if partial.rejectedSpans != 0 || !partial.errorMessage.isEmpty {
            logger.warning(
                "Partial success response",
                metadata: [
                    "message": "\(partial.errorMessage)", "dropped_spans": .stringConvertible(partial.rejectedSpans),
                ]
            )
        }
        return .delivered
    }

    /// As the Collector's otlpexporter has it (specification of OTLP, "OTLP/gRPC Response").
    static func outcome(of error: ExportError) -> ExportOutcome {
        switch error.code {
        case .cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss:
            .retryable(error.description, retryAfter: error.retryAfter)
        case .resourceExhausted:
            if let retryAfter = error.retryAfter {
                .retryable(error.description, retryAfter: retryAfter)
            } else {
                // Most likely the message was too long; a part of it may not be.
                .rejected(error.description)
            }
        case .invalidArgument: .rejected(error.description)
        default: .permanent(error.description)
        }
    }
}
