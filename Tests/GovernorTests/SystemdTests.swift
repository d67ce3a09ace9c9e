// Units of systemd, with a program in systemctl's place that writes down how it was called and does to
// the tree what systemd would do to its group. Never the real one.

import FixtureSupport
import Foundation
import Model
import System
import Testing

@testable import Governor

private final class Unit {
    let group: Group
    let program: String
    let calls: String

    init(script: String = Unit.obedient) throws {
        group = try Group()
        program = group.tree.at("bin/systemctl")
        calls = group.tree.at("calls")
        try group.tree.write("bin/behaviour", "TREE=\(group.tree.at(Group.folder))\n" + script)
        let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/programs/systemctl")
        try FileManager.default.createSymbolicLink(
            atPath: program, withDestinationPath: fixture.path)
    }

    /// Notes its arguments, and carries them out.
    static let obedient = """
        printf '%s\\n' "$*" >> "$TREE/../../calls"
        [ "$1" = show ] && { echo LoadState=loaded; exit 0; }
        shift 4
        for property; do
          value="${property#*=}"
          case "$value" in infinity) value=max;; esac
          case "$property" in
            MemoryMax=*) echo "$value" > "$TREE/memory.max";;
            MemoryHigh=*) echo "$value" > "$TREE/memory.high";;
            CPUWeight=*) echo "$value" > "$TREE/cpu.weight";;
            CPUQuota=) echo "max 100000" > "$TREE/cpu.max";;
            CPUQuota=*) echo "${value%\\%}" | awk '{ printf "%d 100000\\n", $1 * 1000 + 0.5 }' > "$TREE/cpu.max";;
          esac
        done
        """

    func governor(_ by: GovernBy = .systemd) -> CgroupGovernor {
        var configuration = group.configuration()
        configuration.by = by
        configuration.systemctl = program
        configuration.scalesFrequency = true
        return CgroupGovernor(configuration)
    }

    /// Without the questions.
    var sets: [String] {
        ((try? String(contentsOfFile: calls, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("show") }
    }
}

@Suite struct SystemdTests {
    private let begin = "--no-ask-password set-property --runtime workload.slice"
    private let high = "MemoryHigh=\(314_572_800 / 9 * 8 / Machine.pageSizeBytes * Machine.pageSizeBytes)"

    @Test func aDecisionIsOneCallAndTheFrequencyIsWrittenDirectly() throws {
        let unit = try Unit()
        let governor = unit.governor()
        #expect(governor.mode == .full)
        #expect(governor.status.by.description == "systemd")
        #expect(unit.sets == [])
        _ = governor.apply(decision(0.1, ceiling: 300 << 20), intervalMs: 10_000)
        #expect(unit.sets == ["\(begin) MemoryMax=314572800 \(high) CPUQuota=120.00%"])
        #expect(try unit.group.value("cpu.max") == "120000 100000")
        #expect(
            try unit.group.tree.text("sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq") == "600000\n")
        // Nothing new, no call.
        #expect(governor.apply(decision(0.1, ceiling: 300 << 20), intervalMs: 10_000) == [])
        #expect(unit.sets.count == 1)
    }

    @Test func aLookAsksWhetherTheUnitIsThere() throws {
        for (script, isLoaded) in [(Unit.obedient, true), ("echo LoadState=not-found\n", false)] {
            let unit = try Unit(script: script)
            var configuration = unit.group.configuration()
            configuration.by = .systemd
            configuration.systemctl = unit.program
            #expect(configuration.look()?.writer == .systemd(unit: "workload.slice", isLoaded: isLoaded))
            #expect(unit.sets == [])
        }
    }

    @Test func theOriginalsAreGivenBackByNameNotByRevert() throws {
        let unit = try Unit()
        try unit.group.set("memory.max", "400000000")
        let before = try unit.group.everything
        let governor = unit.governor()
        _ = governor.apply(decision(1.618, ceiling: 300 << 20))
        #expect(try unit.group.value("cpu.weight") == "162")
        #expect(governor.restore().allSatisfy { $0.outcome == .restored })
        #expect(unit.sets.last == "\(begin) MemoryMax=400000000 MemoryHigh=infinity CPUWeight=100")
        #expect(try unit.group.everything == before)
    }

    @Test func aStartAfterACrashAsksSystemd() throws {
        let unit = try Unit()
        let before = try unit.group.everything
        _ = unit.governor().apply(decision(0.05, ceiling: 300 << 20), intervalMs: 10_000)
        #expect(unit.governor().recover().count == 4)
        #expect(unit.sets.last == "\(begin) MemoryMax=infinity MemoryHigh=infinity CPUQuota=")
        #expect(try unit.group.everything == before)
    }

    /// systemd does its work after it answered: what isn't there yet is no foreign write.
    @Test func whatShowsLaterIsNotForeign() throws {
        let unit = try Unit(script: "[ \"$1\" = show ] && echo LoadState=loaded\nexit 0\n")
        let governor = unit.governor()
        #expect(governor.apply(decision(1, ceiling: 300 << 20)).map(\.outcome) == [.written, .written])
        try unit.group.set("memory.max", "314572800")
        try unit.group.set("memory.high", String(high.dropFirst(11)))
        #expect(governor.apply(decision(1, ceiling: 300 << 20)) == [])
        try unit.group.set("memory.max", "5000000")
        let events = governor.apply(decision(1, ceiling: 300 << 20))
        #expect(events.first?.outcome == .foreign(found: "5000000"))
    }

    @Test func aRefusalIsToldWithItsWords() throws {
        let unit = try Unit(
            script: "[ \"$1\" = show ] && { echo LoadState=loaded; exit 0; }\necho 'Access denied' >&2\nexit 4\n")
        let governor = unit.governor()
        let events = governor.apply(decision(0.05, ceiling: 300 << 20), intervalMs: 10_000)
        #expect(events.count == 4)
        for event in events where !event.control.isFrequency {
            #expect(event.outcome == .failed("\(unit.program): Access denied"))
        }
        #expect(governor.mode == .partial)
    }

    /// A property that an old systemd doesn't know must not cost the others.
    @Test func oneBadPropertyDoesNotSpoilTheOthers() throws {
        let unit = try Unit(
            script: "case \"$*\" in *MemoryMax*) echo 'Unknown property' >&2; exit 1;; esac\n" + Unit.obedient)
        let governor = unit.governor()
        let events = governor.apply(decision(0.05, ceiling: 300 << 20), intervalMs: 10_000)
        #expect(events.filter(\.isFailure).map(\.control) == [.memoryMax])
        #expect(try unit.group.value("cpu.max") == "60000 100000")
    }

    @Test(arguments: ["exit 1", "echo LoadState=not-found"])
    func aUnitThatIsUnknownIsNotGoverned(script: String) throws {
        let governor = try Unit(script: script + "\n").governor()
        #expect(governor.missing == Control.ofGroup)
        #expect(governor.apply(decision(0.5, ceiling: 300 << 20)).allSatisfy { $0.control.isFrequency })
    }

    @Test func withoutSystemctlNothingIsGoverned() throws {
        let group = try Group()
        var configuration = group.configuration()
        configuration.by = .systemd
        configuration.systemctl = group.tree.at("bin/none")
        #expect(CgroupGovernor(configuration).mode == .apiOnly)
    }

    /// By itself: only for a unit, only as root, only where systemd runs the machine, never in a group
    /// of our own.
    @Test func whoWritesIsChosenByWhoOwns() throws {
        let unit = try Unit()
        var configuration = unit.group.configuration()
        configuration.systemctl = unit.program
        #expect(CgroupGovernor(configuration).status.by.description == "files")
        configuration.systemdFolder = unit.group.tree.at("systemd")
        try unit.group.tree.write("systemd/x", "")
        let isRoot = geteuid() == 0
        #expect(CgroupGovernor(configuration).status.by.description == (isRoot ? "systemd" : "files"))
        configuration.isOwnGroup = true
        #expect(CgroupGovernor(configuration).status.by.description == "files")
        configuration.isOwnGroup = false
        configuration.group = "/plain"
        #expect(CgroupGovernor(configuration).status.by.description == "files")
        configuration.group = "/workload.slice"
        try unit.group.tree.write("helper", "")
        #expect(CgroupGovernor(configuration).status.by.description == "helper")
    }

    @Test func propertiesSayWhatTheFilesSay() {
        let cases: [(Control, String, String?)] = [
            (.memoryMax, "max", "MemoryMax=infinity"), (.memoryHigh, "4096", "MemoryHigh=4096"),
            (.cpuMax, "max 100000", "CPUQuota="), (.cpuMax, "50000 250000", "CPUQuota=20.00%"),
            (.cpuMax, "399360 100000", "CPUQuota=399.36%"), (.cpuMax, "1000 1000000", "CPUQuota=0.10%"),
            (.cpuWeight, "162", "CPUWeight=162"), (.cpuWeight, "0", nil), (.memoryMax, "x", nil),
            (.frequencyCap(policy: 0), "600000", nil),
        ]
        for (control, value, property) in cases {
            #expect(SystemdUnit.property(control, value) == property)
        }
    }
}
