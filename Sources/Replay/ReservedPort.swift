internal import Glibc

/// A free port of 127.0.0.1 that nobody else is given, also while the server that it is for does not listen.
///
/// A socket is bound to it and never listens. Servers that set SO_REUSEADDR can listen on the port all the same;
/// connections to it are refused meanwhile, and the system chooses it neither for other servers nor as the source of
/// connections (otherwise a gateway that tries again and again would sooner or later be connected with itself).
public final class ReservedPort: Sendable {
    public let number: Int
    private let descriptor: Int32

    public init() throws(GatewayError) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw GatewayError(action: "socket", code: errno) }
        self.descriptor = descriptor
        var isOn: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { address -> Int32 in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                var length = length
                guard bind(descriptor, address, length) == 0, getsockname(descriptor, address, &length) == 0 else {
                    return errno
                }
                return 0
            }
        }
        number = Int(UInt16(bigEndian: address.sin_port))
        guard code == 0 else { throw GatewayError(action: "bind 127.0.0.1:0", code: code) }
    }

    deinit {
        close(descriptor)
    }
}
