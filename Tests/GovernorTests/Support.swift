// A fixture's tree as a governor meets it, and decisions to apply.

import FixtureSupport
import Foundation
import Model

@testable import Governor

/// A copy of a fixture's cgroup tree, and governors on it.
final class Group {
    static let folder = "cgroup/workload.slice"
    let tree: Scratch

    init(_ fixture: String = "pi4") throws { tree = try Scratch(fixture: fixture) }

    func configuration(
        group: String? = "/workload.slice", isDryRun: Bool = false
    ) -> GovernorConfiguration {
        var configuration = GovernorConfiguration(
            cgroupRoot: tree.at("cgroup"), group: group, isDryRun: isDryRun,
            journalPath: tree.at("journal"), cpuCores: 4)
        configuration.sysfsRoot = tree.at("sys")
        configuration.procfsRoot = tree.at("proc")
        configuration.memoryBytes = 512 << 20
        // None of this machine's own.
        configuration.helperSocket = tree.at("helper")
        configuration.systemdFolder = tree.at("no-systemd")
        return configuration
    }

    func governor(group: String? = "/workload.slice", isDryRun: Bool = false) -> CgroupGovernor {
        CgroupGovernor(configuration(group: group, isDryRun: isDryRun))
    }

    func value(_ file: String) throws -> String {
        try tree.text("\(Self.folder)/\(file)").trimmingCharacters(in: .newlines)
    }

    func set(_ file: String, _ value: String) throws {
        try tree.write("\(Self.folder)/\(file)", "\(value)\n")
    }

    var all: [String] {
        get throws { try ["memory.max", "cpu.max", "cpu.weight"].map(value) }
    }

    /// Everything that a governor might have changed.
    var everything: [String] {
        get throws {
            let caps = CPUFrequency(sysfsRoot: tree.at("sys")).controls
            let files = Control.ofGroup.map { "\(Self.folder)/\($0.file)" }
                + caps.map { "sys/devices/system/cpu/\($0.file)" }
            return try files.filter(tree.exists).map(tree.text)
        }
    }
}

func decision(
    _ factor: Double, ceiling: UInt64 = 0, isApplicable: Bool = true
) -> Decision {
    var decision = Decision()
    decision.factor = factor
    decision.memoryCeilingBytes = ceiling
    decision.isApplicable = isApplicable
    return decision
}

