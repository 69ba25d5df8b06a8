/// Fills in the template of `cicd.pipeline.task.run.url.full`.
public enum TaskRunURL {
    private static let names: Set<Substring> = ["namespace", "taskrun", "pipelinerun", "step"]

    /// The first name in braces that nothing is known for; nil when there is none.
    public static func unknownName(in template: String) -> String? {
        var rest = template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let name = rest[rest.index(after: open)..<close]
            guard names.contains(name) else { return String(name) }
            rest = rest[rest.index(after: close)...]
        }
        return nil
    }

    /// Values are percent-encoded: all but the unreserved characters of RFC 3986, section 2.3. Names that are unknown stay
    /// as they are; a value that is not known becomes empty.
    static func fill(_ template: String, namespace: String, taskRun: String, pipelineRun: String?, step: String?)
        -> String
    {
        var url = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            url += rest[..<open]
            switch rest[rest.index(after: open)..<close] {
            case "namespace": url += percentEncoded(namespace)
            case "taskrun": url += percentEncoded(taskRun)
            case "pipelinerun": url += percentEncoded(pipelineRun ?? "")
            case "step": url += percentEncoded(step ?? "")
            default: url += rest[open...close]
            }
            rest = rest[rest.index(after: close)...]
        }
        return url + rest
    }

    private static func percentEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return encoded
    }
}
