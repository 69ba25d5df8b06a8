/// The program behind `exec` of a kubeconfig, which hands out credentials (client.authentication.k8s.io).
public struct ExecPlugin: Sendable, Equatable {
    public enum Version: String, Sendable, CaseIterable {
        case v1 = "client.authentication.k8s.io/v1"
        case v1beta1 = "client.authentication.k8s.io/v1beta1"
    }

    public var version: Version
    /// A path, or a name that is looked up in `PATH`.
    public var command: String
    public var arguments: [String] = []
    /// Added to the variables of this process, or in place of them.
    public var environment: [String: String] = [:]
    /// What to do when the program is missing.
    public var installHint: String?
    /// The JSON object for `spec.cluster` of `KUBERNETES_EXEC_INFO`; nil when the program does not ask for it.
    public var clusterInfo: String?
    /// Where it is configured, for errors: `/home/a/.kube/config:14: users[ci].user.exec`.
    public var place: String

    public init(version: Version = .v1, command: String, place: String = "exec") {
        self.version = version
        self.command = command
        self.place = place
    }

    /// The value of `KUBERNETES_EXEC_INFO`: an `ExecCredential` without a status. Nobody can be asked anything here.
    var info: String {
        let cluster = clusterInfo.map { #""cluster":\#($0),"# } ?? ""
        return #"{"kind":"ExecCredential","apiVersion":"\#(version.rawValue)","spec":{\#(cluster)"interactive":false}}"#
    }
}
