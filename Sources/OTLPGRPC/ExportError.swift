public import GRPCCore

/// Why an export did not succeed, as it goes over the wire: a gRPC status, and when to send again where that is known.
///
/// The delay is a google.rpc.RetryInfo in `grpc-status-details-bin` (specification of OTLP, "OTLP/gRPC Throttling").
public struct ExportError: Error, Sendable, Equatable, CustomStringConvertible {
    public let code: RPCError.Code
    public let message: String
    public let retryAfter: Duration?

    public init(_ code: RPCError.Code, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    /// In the Collector's (Go's) wording.
    public var description: String { "rpc error: code = \(code.goName) desc = \(message)" }

    init(_ error: any Error) {
        switch error {
        case let error as ExportError: self = error
        case let error as RPCError:
            var message = error.message
            if let cause = error.cause { message += " (\(cause))" }
            self.init(error.code, message, retryAfter: StatusDetails.retryAfter(error.metadata))
        case is CancellationError: self.init(.cancelled, "the call was cancelled")
        default: self.init(.unavailable, "\(error)")
        }
    }

    var rpcError: RPCError {
        var metadata: Metadata = [:]
        if let retryAfter {
            let details = StatusDetails.encode(code: code.rawValue, message: message, retryAfter: retryAfter)
            metadata.addBinary(details, forKey: StatusDetails.key)
        }
        return RPCError(code: code, message: message, metadata: metadata)
    }
}

extension RPCError.Code {
    /// As Go's `codes.Code` prints it, and with it the Collector.
    var goName: String {
        switch self {
        case .cancelled: "Canceled"
        case .invalidArgument: "InvalidArgument"
        case .deadlineExceeded: "DeadlineExceeded"
        case .notFound: "NotFound"
        case .alreadyExists: "AlreadyExists"
        case .permissionDenied: "PermissionDenied"
        case .resourceExhausted: "ResourceExhausted"
        case .failedPrecondition: "FailedPrecondition"
        case .aborted: "Aborted"
        case .outOfRange: "OutOfRange"
        case .unimplemented: "Unimplemented"
        case .internalError: "Internal"
        case .unavailable: "Unavailable"
        case .dataLoss: "DataLoss"
        case .unauthenticated: "Unauthenticated"
        default: "Unknown"
        }
    }
}
