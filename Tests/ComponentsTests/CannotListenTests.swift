import Collector
import Glibc
import HTTPServer
import NIOCore
import Testing

@testable import Components

@Suite struct CannotListenTests {
    private let endpoint = HTTPEndpoint(host: "jaeger", port: 80)

    private func message(_ error: any Error) -> String {
        "\(ConfigError(path: "endpoint", cannotListen: HTTPServerError(endpoint: endpoint, binding: error)))"
    }

    @Test func anotherEndpointIsProposedWhereThisOneIsTaken() {
        #expect(
            message(IOError(errnoCode: EADDRINUSE, reason: "bind"))
                == "endpoint: listen tcp jaeger:80: bind: address already in use; choose another endpoint, or free this one"
        )
    }

    @Test func whateverElseIsWrongSpeaksForItself() {
        #expect(
            message(IOError(errnoCode: EACCES, reason: "bind"))
                == "endpoint: listen tcp jaeger:80: bind: permission denied"
        )
        #expect(
            message(IOError(errnoCode: EADDRNOTAVAIL, reason: "bind"))
                == "endpoint: listen tcp jaeger:80: bind: cannot assign requested address"
        )
    }
}
