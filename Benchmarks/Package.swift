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
    ],
    targets: [
        .systemLibrary(name: "CEpoll"),
        .systemLibrary(name: "CZlib"),
        .target(name: "BenchmarkSupport", dependencies: ["CEpoll"], swiftSettings: settings),
        .executableTarget(name: "otlp-load", dependencies: ["BenchmarkSupport"], swiftSettings: settings),
        .executableTarget(name: "otlp-sink", dependencies: ["BenchmarkSupport", "CZlib"], swiftSettings: settings),
    ]
)
