import HTTPClient

extension HTTPClientConfiguration {
    init(_ access: ClusterAccess) {
        self.init()
        proxy = access.proxy
        tls.insecureSkipVerify = access.tls.insecureSkipVerify
        tls.serverName = access.tls.serverName
        (tls.caFile, tls.caPEM) = Self.parts(access.tls.certificateAuthority)
        (tls.certificateFile, tls.certificatePEM) = Self.parts(access.tls.clientCertificate)
        (tls.keyFile, tls.keyPEM) = Self.parts(access.tls.clientKey)
    }

    private static func parts(_ pem: ClusterAccess.PEM?) -> (file: String?, data: [UInt8]?) {
        switch pem {
        case .file(let path): (path, nil)
        case .data(let bytes): (nil, bytes)
        case nil: (nil, nil)
        }
    }
}
