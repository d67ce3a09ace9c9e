// The systemd units that are shipped, judged by systemd itself.

import Foundation
import Testing

@Suite struct UnitFileTests {
    private static let analyze = "/usr/bin/systemd-analyze"

    private func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: Self.analyze)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// An exposure above the threshold (tenths) is a failure by systemd's own word.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: UnitFileTests.analyze)),
        arguments: [("phi-agent", 20, "1.6"), ("phi-helper", 20, "1.1"), ("phi-aggregator", 20, nil)])
    func exposureIsLowAndAsStated(name: String, tenths: Int, stated: String?) throws {
        let file = Tree.root.appending(path: "fleet/systemd/\(name).service")
        let (status, text) = try run([
            "security", "--offline=true", "--no-pager", "--threshold=\(tenths)", file.path,
        ])
        let line = text.split(separator: "\n").last { $0.contains("exposure level") } ?? ""
        #expect(status == 0, "\(line)")
        let level = line.split(separator: " ").first { Double($0) != nil }.map(String.init)
        let exposure = try #require(level.flatMap(Double.init))
        #expect(exposure <= Double(tenths) / 10)
        if let stated {
            #expect(try String(contentsOf: file, encoding: .utf8).contains("exposure level of \(stated)"))
            // Other versions of systemd weigh otherwise; the stated one is 252.
            if try run(["--version"]).text.hasPrefix("systemd 252") { #expect(level == stated) }
        }
    }

    /// The helper must not reach a network, and neither of the two may gain anything.
    @Test(arguments: [
        ("phi-helper", ["PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX", "Group=phi-agent"]),
        ("phi-agent", ["User=phi-agent", "ProtectControlGroups=yes"]),
    ])
    func theSplitOfPrivilegesIsInTheUnits(name: String, lines: [String]) throws {
        let text = try String(
            contentsOf: Tree.root.appending(path: "fleet/systemd/\(name).service"), encoding: .utf8)
        let settings = text.split(separator: "\n").map(String.init)
        let ofBoth = [
            "CapabilityBoundingSet=", "AmbientCapabilities=", "NoNewPrivileges=yes", "ProtectSystem=strict",
        ]
        for line in lines + ofBoth {
            #expect(settings.contains(line), "\(name): \(line)")
        }
    }
}
