/// Self-signed, for 127.0.0.1 and a hundred years.
enum PEM {
    static let serverCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUcoKx0L2GrVyoMp5Ht2Q0vy/a69EwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDAyNTczOFoYDzIxMjYxMDMx
        MDI1NzM4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAT/U7gR6VKpxkD2iFkzg1I2Xrw8JOEyCpcE9KiVf/8ASVMjhnD4gFXS
        fOZawUhpcw/q23BM6rD6lZKVCHTPLx/1o28wbTAdBgNVHQ4EFgQURgbdLhjcgC2g
        AbvV0bEJzEEsKvUwHwYDVR0jBBgwFoAURgbdLhjcgC2gAbvV0bEJzEEsKvUwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
        zj0EAwIDSAAwRQIhAJ9UjT5370apbyDkPCJwqRVuuHs2K8OMfZlO3iv9BSDoAiBe
        o7fsRDGCVoPHtvjoNcTTAtt8iMm7tLbIIxPqgJOEDg==
        -----END CERTIFICATE-----
        """

    static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgg83r/9xMCBQZ+CBw
        Qigf3YSmNcCuabNE2HqMJ8y3J2ihRANCAAT/U7gR6VKpxkD2iFkzg1I2Xrw8JOEy
        CpcE9KiVf/8ASVMjhnD4gFXSfOZawUhpcw/q23BM6rD6lZKVCHTPLx/1
        -----END PRIVATE KEY-----
        """

    static let clientCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmjCCAUGgAwIBAgIUBYUxfLuehGDPjZ/w36pUmnaMvRYwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDAyNTczOFoYDzIxMjYxMDMx
        MDI1NzM4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARE11gCk6tsg71Zw2DdgJYYdpMzG5+XbYQjqMYbvuQLPQxNkS2tjbWc
        wDH7IaD3t9yYK0JlkeeDCJ3cxbd0rQAeo28wbTAdBgNVHQ4EFgQUCSwsgcqoN+oY
        jdz2KmqDEqgvLLUwHwYDVR0jBBgwFoAUCSwsgcqoN+oYjdz2KmqDEqgvLLUwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
        zj0EAwIDRwAwRAIgU0xY9NhqczNP4RjutAck6hC7KRWa6jMCpuAMUfqeui8CIHm2
        e8UwE9Fdm04IM2u8JT/hJHVGQd7gq5xy4ZzafESZ
        -----END CERTIFICATE-----
        """

    static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVo0oJA0ITZh18Au6
        nUPesSyB/aRvxPJsGVq80b8+VcOhRANCAARE11gCk6tsg71Zw2DdgJYYdpMzG5+X
        bYQjqMYbvuQLPQxNkS2tjbWcwDH7IaD3t9yYK0JlkeeDCJ3cxbd0rQAe
        -----END PRIVATE KEY-----
        """
}
