// swift-tools-version: 6.2
// A package of somebody else's that uses the library: what Tests/OutsidePackage/run builds and runs.
// Outside of this repository, `path:` becomes the repository's `url:`.
import PackageDescription

let package = Package(
    name: "Example",
    dependencies: [.package(name: "PhiFleet", path: "../..")],
    targets: [
        .executableTarget(
            name: "Example", dependencies: [.product(name: "PhiChamber", package: "PhiFleet")])
    ]
)
