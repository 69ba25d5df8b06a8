/// Where in a JSON text something is not as expected, and why: `status.steps[0].name: ...`.
///
/// - Parameter depth: of the object in the text; the path is told from there.
func decodingSummary(_ error: any Error, below depth: Int = 0) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    let (context, reason): (DecodingError.Context, String?) =
        switch error {
        case .typeMismatch(let type, let context): (context, "is not of type \(type)")
        case .valueNotFound(let type, let context): (context, "is null, \(type) is expected")
        case .keyNotFound(let key, let context): (context, "has no '\(key.stringValue)'")
        case .dataCorrupted(let context): (context, nil)
        @unknown default: (DecodingError.Context(codingPath: [], debugDescription: "\(error)"), nil)
        }
    var path = ""
    for key in context.codingPath.dropFirst(depth) {
        if let index = key.intValue {
            path += "[\(index)]"
        } else {
            path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
        }
    }
    return (path.isEmpty ? "" : "\(path): ") + (reason ?? context.debugDescription)
}
