import HTTPClient
import Logging
import Synchronization

/// Carries requests to the API server with the certificates as they are now.
///
/// An HTTP client reads the files of its certificates for each new connection, but keeps connections that were made with
/// the old ones. So when a file has changed, a new client takes over; what is under way on the old one ends there.
final class ClusterTransport: APITransport {
    /// How old what is known of the files may be. The kubelet and cert-manager rotate hours before a certificate ends.
    static let checkInterval = Duration.seconds(60)

    typealias IssuedCertificate = (number: Int, certificate: ExecCredential.Certificate)

    private struct State {
        var client: HTTPClient
        var material: Material
        /// Nil when the files are to be read before the next request.
        var checkedAt: Duration?
    }

    /// What connections are made with.
    private struct Material: Equatable {
        /// Contents by path; nil for one that cannot be read.
        var files: [String: [UInt8]?] = [:]
        /// Of an exec plugin, by number.
        var issue = 0
    }

    private let access: ClusterAccess
    private let environment: ClusterEnvironment
    private let now: @Sendable () -> Duration
    private let issued: @Sendable () -> IssuedCertificate?
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - now: time since any fixed origin.
    ///   - issued: the client certificate of an exec plugin, where it hands out one.
    /// - Throws: when the certificates and keys of `access` cannot be used.
    init(
        _ access: ClusterAccess,
        in environment: ClusterEnvironment,
        now: @escaping @Sendable () -> Duration,
        issued: @escaping @Sendable () -> IssuedCertificate?,
        logger: Logger
    ) throws(HTTPClientError) {
        self.access = access
        self.environment = environment
        self.now = now
        self.issued = issued
        self.logger = logger
        let client = try HTTPClient(configuration: HTTPClientConfiguration(access))
        let material = Self.read(access.tls.files, in: environment)
        state = Mutex(State(client: client, material: material, checkedAt: now()))
    }

    func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        do {
            let response = try await client().execute(request)
            if response.status == 401 { readFilesAgain() }
            return response
        } catch {
            if error.kind == .tls { readFilesAgain() }
            throw error
        }
    }

    func stream(_ request: HTTPClientRequest) async throws(HTTPClientError) -> APIStream {
        do {
            let client = try client()
            let stream: HTTPClientStream = try await client.stream(request)
            if stream.status == 401 { readFilesAgain() }
            return APIStream(
                status: stream.status,
                headers: stream.headers,
                body: HeldBody(body: stream, client: client)
            )
        } catch {
            if error.kind == .tls { readFilesAgain() }
            throw error
        }
    }

    /// The certificates may be the reason why a request failed.
    private func readFilesAgain() {
        state.withLock { $0.checkedAt = nil }
    }

    private func client() throws(HTTPClientError) -> HTTPClient {
        let now = now()
        let issued = issued()
        let (client, known, isDue) = state.withLock { state in
            (
                state.client, state.material,
                state.checkedAt.map { now - $0 >= Self.checkInterval } ?? true
            )
        }
        var material = known
        if isDue {
            material = Self.read(access.tls.files, in: environment)
            for (path, contents) in material.files where contents == nil {
                logger.warning("cannot read the certificate, going on with the last one", metadata: ["file": "\(path)"])
                material.files[path] = known.files[path]
            }
        }
        material.issue = issued?.number ?? 0
        guard material != known else {
            if isDue { state.withLock { $0.checkedAt = now } }
            return client
        }
        var access = access
        if let certificate = issued?.certificate {
            access.tls.clientCertificate = .data(certificate.certificate)
            access.tls.clientKey = .data(certificate.key)
        }
        let new = try HTTPClient(configuration: HTTPClientConfiguration(access))
        // The old one ends outside of the lock: that takes a moment.
        let old = state.withLock { state in
            defer { state = State(client: new, material: material, checkedAt: now) }
            return state.client
        }
        logger.info("New connections to the API server use the certificates that have changed")
        withExtendedLifetime(old) {}
        return new
    }

    private static func read(_ paths: [String], in environment: ClusterEnvironment) -> Material {
        var material = Material()
        for path in paths { material.files[path] = .some(try? environment.readFile(path)) }
        return material
    }
}

/// The body of an answer, and the client that reads it: that may have been replaced meanwhile.
private struct HeldBody: AsyncSequence, Sendable {
    struct AsyncIterator: AsyncIteratorProtocol {
        var base: HTTPClientStream.AsyncIterator
        let client: HTTPClient

        mutating func next() async throws(HTTPClientError) -> [UInt8]? {
            try await next(isolation: nil)
        }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(HTTPClientError) -> [UInt8]? {
            try await base.next(isolation: actor)
        }
    }

    let body: HTTPClientStream
    let client: HTTPClient

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: body.makeAsyncIterator(), client: client)
    }
}

extension ClusterAccess.TLS {
    fileprivate var files: [String] {
        [certificateAuthority, clientCertificate, clientKey].compactMap {
            if case .file(let path) = $0 { path } else { nil }
        }
    }
}
