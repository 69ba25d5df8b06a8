// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// A package of its own, so that the load generator and the sink share no code with what they measure.
let package = Package(
    name: "Benchmarks",
    products: [
        .executable(name: "otlp-load", targets: ["otlp-load"]),
        .executable(name: "otlp-sink", targets: ["otlp-sink"]),
        .executable(name: "correlator-cost", targets: ["correlator-cost"]),
    ],
    dependencies: [.package(name: "steptrace", path: "..")],
    targets: [
        .systemLibrary(name: "CMallocInfo"),
        .systemLibrary(name: "CEpoll"),
        .systemLibrary(name: "CBenchmarkZlib"),
        .target(name: "BenchmarkSupport", dependencies: ["CEpoll"], swiftSettings: settings),
        .executableTarget(name: "otlp-load", dependencies: ["BenchmarkSupport"], swiftSettings: settings),
        .executableTarget(
            name: "correlator-cost",
            dependencies: [
                "CMallocInfo",
                .product(name: "Tekton", package: "steptrace"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "otlp-sink",
            dependencies: ["BenchmarkSupport", "CBenchmarkZlib"],
            swiftSettings: settings
        ),
    ]
)
