// swift-tools-version: 6.2
// The floors of the house, lowest first. A target may depend on its own floor and on the floors
// below it, never upward; Tests/TidyTests holds the sources to the same rule.
import PackageDescription

/// Every target of ours: Swift 6, and a warning is an error.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
]

/// Targets that are also compiled as Embedded Swift for the device: the host compiler already
/// complains about what Embedded Swift lacks.
let embeddedClean: [SwiftSetting] = strict + [
    .treatWarning("EmbeddedRestrictions", as: .error),
]

/// What runs for every value: made for speed also where the device's build is made for size. By the front
/// end's own flag, which is the last: the device's -Osize comes after a target's flags for the driver.
let hot: [SwiftSetting] =
    embeddedClean + [.unsafeFlags(["-Xfrontend", "-O"], .when(configuration: .release))]

func shim(_ name: String, links libraries: [String] = []) -> Target {
    .target(
        name: name, path: "Sources/Shims/\(name)",
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

func device(
    _ floor: String, _ name: String, _ dependencies: [Target.Dependency] = [],
    links libraries: [String] = [], settings: [SwiftSetting] = embeddedClean
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(floor)/\(name)",
        swiftSettings: settings, linkerSettings: libraries.map { .linkedLibrary($0) })
}

func host(_ floor: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(floor)/\(name)",
        swiftSettings: strict)
}

func test(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

let package = Package(
    name: "PhiFleet",
    products: [
        .executable(name: "phi-agent", targets: ["phi-agent"]),
        .executable(name: "phi-aggregator", targets: ["phi-aggregator"]),
        .executable(name: "fleet", targets: ["fleet"]),
        .library(name: "PhiChamber", targets: ["PhiChamber"]),
    ],
    targets: [
        // Ground: C only, one file of system or library calls per shim.
        // Rounding a Double calls libm, which nothing else links where neither Glibc nor Foundation is imported.
        shim("CPosix", links: ["m"]),
        // libssl and libcrypto: OpenSSL is told what it need not load before libcurl starts it.
        shim("CCurl", links: ["curl", "ssl", "crypto"]),
        shim("CCares", links: ["cares"]),
        shim("CCrypto", links: ["crypto"]),
        shim("CSensors", links: ["sensors"]),
        // Benches and tests alone.
        shim("CMeasure"),
        .systemLibrary(name: "CMicrohttpd", path: "Sources/Shims/CMicrohttpd"),
        .systemLibrary(name: "CSQLite", path: "Sources/Shims/CSQLite"),

        // Core: pure, both compilers.
        // libm for rint and trunc alone: they are exact everywhere.
        device("Core", "Phi", links: ["m"]),
        device("Core", "Bytes", links: ["m"]),
        device("Core", "Digest", ["Bytes", "CCrypto"]),
        device("Core", "Precision", ["Bytes", "Phi"], settings: hot),
        device("Core", "TensorPool", ["Bytes", "Phi", "Precision"], settings: hot),
        device("Core", "Model", ["Bytes", "Digest", "Phi"]),
        device("Core", "Wire", ["Bytes", "Digest", "Model"]),

        // Policy: pure, both compilers.
        device("Policy", "Chamber", ["Bytes", "Digest", "Model", "Phi", "Precision"]),
        device("Policy", "Actuation"),
        device("Policy", "PoolReplay", ["Bytes", "Digest", "Phi", "Precision", "TensorPool"]),
        device(
            "Policy", "AgentCore",
            ["Bytes", "Chamber", "Digest", "Model", "Phi", "Precision", "TensorPool", "Wire"]),

        device("Policy", "Circuit", ["Bytes", "Digest", "Phi", "Precision", "TensorPool"]),

        // Device: effects through shims, both compilers.
        device("Device", "System", ["Bytes", "CPosix"]),
        device("Device", "Telemetry", ["Bytes", "CSensors", "Digest", "Model", "System"], settings: hot),
        device("Device", "Governor", ["Actuation", "Bytes", "Digest", "Model", "System"]),
        device("Device", "Transport", ["Bytes", "CCares", "CCurl"]),
        device(
            "Device", "Uplink", ["AgentCore", "Bytes", "Digest", "Model", "Transport", "Wire"]),
        device(
            "Device", "LocalAPI",
            ["AgentCore", "Bytes", "Model", "Precision", "System", "TensorPool"]),
        device(
            "Device", "Spool",
            ["AgentCore", "Bytes", "Digest", "Model", "Precision", "System", "TensorPool", "Wire"]),
        device(
            "Device", "AgentRuntime",
            [
                "AgentCore", "Bytes", "Chamber", "Circuit", "Digest", "Governor", "LocalAPI", "Model", "Phi",
                "PhiChamber", "PoolReplay", "Precision", "Spool", "System", "Telemetry", "TensorPool", "Transport",
                "Uplink", "Wire",
            ]),
        device(
            "Device", "PhiChamber", ["Chamber", "Governor", "Model", "System", "Telemetry"]),
        .executableTarget(
            name: "phi-agent", dependencies: ["AgentRuntime", "System"],
            path: "Sources/Device/phi-agent", swiftSettings: embeddedClean),

        // Server.
        host("Server", "Rollout", ["Bytes", "Digest", "Model", "Phi", "Wire"]),
        host("Server", "Merge", ["Bytes", "Digest", "Model", "Wire"]),
        host(
            "Server", "Store",
            ["Bytes", "CSQLite", "Digest", "Merge", "Model", "Rollout", "TensorPool", "Wire"]),
        host(
            "Server", "Ingest",
            ["Bytes", "Digest", "Merge", "Model", "Rollout", "Store", "Wire"]),
        host("Server", "HTTPServer", ["Bytes", "CMicrohttpd"]),
        host(
            "Server", "Aggregator",
            [
                "Bytes", "Digest", "HTTPServer", "Ingest", "Merge", "Model", "Phi", "Rollout",
                "Store", "Wire",
            ]),
        .executableTarget(
            name: "phi-aggregator", dependencies: ["Aggregator", "Bytes", "HTTPServer", "Store"],
            path: "Sources/Server/phi-aggregator", swiftSettings: strict),

        // The operator's command.
        host(
            "CLI", "FleetKit",
            ["Bytes", "CCrypto", "Digest", "Model", "Phi", "Transport", "Wire"]),
        .executableTarget(
            name: "fleet", dependencies: ["FleetKit"],
            path: "Sources/CLI/fleet", swiftSettings: strict),

        test("PrecisionTests", ["Precision"]),
        test("TensorPoolTests", ["Precision", "TensorPool"]),

        // Tests.
        test("TidyTests", []),
        test("ChamberTests", ["Bytes", "Chamber", "Digest", "Model", "Phi", "Precision"]),
        // The figures of the source documents, row by row.
        test("SourceTests", ["Chamber", "Circuit", "Model", "Phi"]),
        test("CircuitTests", ["Bytes", "Circuit", "Precision", "System", "TensorPool"]),
        test(
            "AgentCoreTests",
            ["AgentCore", "Digest", "FixtureSupport", "Model", "Spool", "System", "TensorPool", "Wire"]),
        test(
            "IntegrationTests",
            [
                "AgentCore", "Bytes", "CoreTesting", "FixtureSupport", "LocalAPI", "Merge", "Model", "Spool",
                "Store", "System", "TensorPool",
            ]),
        test(
            "SpoolTests",
            [
                "AgentCore", "Bytes", "CoreTesting", "Digest", "FixtureSupport", "Model", "Spool", "System",
                "TensorPool", "Wire",
            ]),
        test(
            "AgentRuntimeTests",
            [
                "AgentCore", "AgentRuntime", "CoreTesting", "FixtureSupport", "Governor", "Model", "PhiChamber",
                "System", "Telemetry",
            ]),
        // Simulation: boards for the demo and the tests.
        host("Simulation", "Simulation", ["Bytes", "Phi", "System"]),
        .executableTarget(
            name: "phi-boards", dependencies: ["Bytes", "Phi", "Simulation", "System"],
            path: "Sources/Simulation/phi-boards", swiftSettings: strict),

        host(
            "Simulation", "ChamberTrials",
            ["Actuation", "Bytes", "Chamber", "Model", "Phi", "Simulation"]),
        .executableTarget(
            name: "chamber-bench",
            dependencies: ["Bytes", "CMeasure", "ChamberTrials", "Phi", "Simulation", "System"],
            path: "Sources/Simulation/chamber-bench", swiftSettings: strict),
        .executableTarget(
            name: "sensing-bench", dependencies: ["Bytes", "CMeasure", "Model", "System", "Telemetry"],
            path: "Sources/Simulation/sensing-bench", swiftSettings: strict),
        .executableTarget(
            name: "pool-bench", dependencies: ["CMeasure", "PoolReplay", "PoolTrials", "TensorPool"],
            path: "Sources/Simulation/pool-bench", swiftSettings: strict),
        // Also for the device, where its instructions are counted.
        device("Simulation", "PoolTrials", ["Bytes", "TensorPool"]),
        .executableTarget(
            name: "pool-kernel", dependencies: ["PoolTrials", "System"],
            path: "Sources/Simulation/pool-kernel", swiftSettings: embeddedClean),

        // Tests.
        .target(name: "FixtureSupport", path: "Tests/FixtureSupport", swiftSettings: strict),
        test("SystemTests", ["FixtureSupport", "System"]),
        test("TransportTests", ["Transport"]),
        test(
            "LocalAPITests",
            ["AgentCore", "Bytes", "CoreTesting", "FixtureSupport", "LocalAPI", "Model", "System", "TensorPool"]),
        test(
            "TelemetryTests",
            ["CMeasure", "FixtureSupport", "Model", "System", "Telemetry", "sensing-bench"]),
        test(
            "SimulationTests",
            [
                "Chamber", "ChamberTrials", "FixtureSupport", "Governor", "Model", "Simulation",
                "System", "Telemetry", "chamber-bench", "phi-boards",
            ]),
        // The README's example, as a package of somebody else's would have it.
        .executableTarget(
            name: "chamber-example", dependencies: ["PhiChamber"],
            path: "Tests/OutsidePackage/Sources/Example", swiftSettings: strict),
        test(
            "PhiChamberTests",
            [
                "CoreTesting", "FixtureSupport", "Governor", "Phi", "PhiChamber", "Telemetry",
                "chamber-example",
            ]),
        test("ActuationTests", ["Actuation"]),
        test("GovernorTests", ["Actuation", "FixtureSupport", "Governor", "Model", "System"]),
        test(
            "FleetKitTests", ["Bytes", "CoreTesting", "Digest", "FleetKit", "Model", "Phi", "Wire"]),
        // Tests of the server's floor, and what they share.
        .target(
            name: "ServerTesting", dependencies: ["Bytes", "Digest", "Model", "Wire"],
            path: "Tests/ServerTesting", swiftSettings: strict),
        test("RolloutTests", ["Digest", "Model", "Rollout", "ServerTesting"]),
        test("MergeTests", ["Digest", "Merge", "Model", "ServerTesting", "Wire"]),
        test(
            "StoreTests", ["Digest", "Merge", "Model", "Rollout", "ServerTesting", "Store", "Wire"]),
        test("HTTPServerTests", ["HTTPServer", "ServerTesting"]),
        test(
            "IngestTests",
            [
                "Aggregator", "Bytes", "Digest", "HTTPServer", "Ingest", "Merge", "Model", "Rollout",
                "ServerTesting", "Store", "TensorPool", "Wire",
            ]),

        // Tests of the core, and what they share.
        .target(name: "CoreTesting", path: "Tests/CoreTesting", swiftSettings: strict),
        test("PhiTests", ["CoreTesting", "Phi"]),
        test("BytesTests", ["Bytes", "CoreTesting"]),
        test("DigestTests", ["Bytes", "CoreTesting", "Digest"]),
        test("ModelTests", ["Bytes", "CoreTesting", "Digest", "Model", "Phi"]),
        test("WireTests", ["Bytes", "CoreTesting", "Digest", "Model", "Wire"]),
        test("PoolReplayTests", ["PoolReplay", "Precision", "TensorPool"]),
    ]
)
