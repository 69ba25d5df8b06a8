// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// A module of steptrace and the test target of the same name.
func module(_ name: String, _ dependencies: [Target.Dependency], tests: [Target.Dependency] = []) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, swiftSettings: settings),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.byName(name: name), "TestSupport"] + dependencies + tests,
            swiftSettings: settings
        ),
    ]
}

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK: Target.Dependency = .product(name: "NIOHPACK", package: "swift-nio-http2")
let grpcCore: Target.Dependency = .product(name: "GRPCCore", package: "grpc-swift-2")
let grpcTransport: Target.Dependency = .product(
    name: "GRPCNIOTransportHTTP2Posix",
    package: "grpc-swift-nio-transport"
)
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let lifecycleTestKit: Target.Dependency = .product(
    name: "ServiceLifecycleTestKit",
    package: "swift-service-lifecycle"
)
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

// Lowest first: a module may only name those above it.
var targets: [Target] = [
    // What the tests of several modules need.
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
    .systemLibrary(name: "CCrypt"),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CZlib"),
    .systemLibrary(name: "CLibcurl", pkgConfig: "libcurl"),
]
targets += module("Compression", ["CZlib"])
targets += module("HTTPClient", ["CLibcurl"], tests: [nio, nioPosix, nioHTTP1])
targets += module("HTTPServer", [nio, nioPosix, nioHTTP1, nioSSL, logging], tests: [nioEmbedded])
targets += module("OTLP", [protobuf])
targets += module(
    "OTLPGRPC",
    [
        "OTLP", "HTTPServer", "Compression", nio, nioPosix, nioSSL, nioHTTP2, nioHPACK, grpcCore, grpcTransport,
        protobuf,
    ]
)
targets += module(
    "Kubernetes",
    ["HTTPClient", logging, yams, subprocess, system],
    tests: [nio, nioPosix, nioHTTP1, nioSSL]
)
targets += module("Tekton", ["OTLP", "Kubernetes", "Compression", crypto, protobuf, deque, heap])
targets += module(
    "Collector",
    ["OTLP", nio, logging, lifecycle, deque, yams],
    tests: [nioEmbedded, lifecycleTestKit]
)
targets += module("Storage", ["Collector", nio, nioPosix, logging, grdb])
targets += module(
    "Components",
    [
        "CCrypt", "CMalloc", "Collector", "Storage", "Tekton", "Kubernetes", "OTLP", "OTLPGRPC", "HTTPServer",
        "HTTPClient", "Compression", nio, nioPosix, nioHTTP1, nioSSL, grpcCore, logging, lifecycle, protobuf, crypto,
    ]
)
targets += module("Waterfall", ["OTLP", protobuf])
targets += module(
    "Replay",
    ["OTLP", "HTTPServer", "HTTPClient", "Compression", nio, nioPosix, nioHTTP1, logging, protobuf],
    // Not for what is tested here, but to show that they live with the faults that it plays.
    tests: ["Kubernetes", "Tekton"]
)
targets += [
    .executableTarget(
        name: "steptrace",
        dependencies: [
            "CMalloc", "Components", "Collector", "Tekton", "Kubernetes", "Replay", "Waterfall", "OTLP", "HTTPClient",
            nio, nioPosix, logging, lifecycle, signals, argumentParser, protobuf, yams,
        ],
        swiftSettings: settings
    ),
    .testTarget(
        name: "EndToEndTests",
        dependencies: [
            "TestSupport", "steptrace", "Replay", "OTLP", "OTLPGRPC", "HTTPClient", "HTTPServer", "Compression", nio,
            nioPosix,
            nioHPACK, protobuf, yams,
        ],
        swiftSettings: settings
    ),
]

let package = Package(
    name: "steptrace",
    products: [
        .executable(name: "steptrace", targets: ["steptrace"]),
        // For Benchmarks/.
        .library(name: "Tekton", targets: ["Tekton", "Kubernetes", "OTLP"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.40.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: targets
)
