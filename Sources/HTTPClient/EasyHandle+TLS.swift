import CLibcurl

extension EasyHandle {
    func setTLS(_ tls: HTTPClientConfiguration.TLS) throws(HTTPClientError) {
        try set(CURLOPT_SSLVERSION, tls.minimumVersion.curlMinimum | (tls.maximumVersion?.curlMaximum ?? 0))
        if tls.insecureSkipVerify {
            try set(CURLOPT_SSL_VERIFYPEER, 0)
            try set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        if tls.caFile != nil || tls.caPEM != nil {
            if !tls.includeSystemCAs {
                try set(CURLOPT_CAINFO, nil)
                try set(CURLOPT_CAPATH, nil)
            }
            // Kept for a day otherwise, a rotated file or not.
            try set(CURLOPT_CA_CACHE_TIMEOUT, 0)
            if let file = tls.caFile { try set(CURLOPT_CAINFO, file) }
            if let pem = tls.caPEM { try set(CURLOPT_CAINFO_BLOB, blob: pem) }
        }
        if let file = tls.certificateFile { try set(CURLOPT_SSLCERT, file) }
        if let pem = tls.certificatePEM { try set(CURLOPT_SSLCERT_BLOB, blob: pem) }
        if let file = tls.keyFile { try set(CURLOPT_SSLKEY, file) }
        if let pem = tls.keyPEM { try set(CURLOPT_SSLKEY_BLOB, blob: pem) }
    }
}

extension HTTPClientConfiguration.TLS.Version {
    fileprivate var curlMinimum: Int {
        switch self {
        case .tls1_0: CURL_SSLVERSION_TLSv1_0
        case .tls1_1: CURL_SSLVERSION_TLSv1_1
        case .tls1_2: CURL_SSLVERSION_TLSv1_2
        case .tls1_3: CURL_SSLVERSION_TLSv1_3
        }
    }

    fileprivate var curlMaximum: Int { curlMinimum << 16 }
}
