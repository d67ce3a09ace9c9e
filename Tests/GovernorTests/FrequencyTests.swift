import FixtureSupport
import Model
import Testing

@testable import Governor

@Suite struct FrequencyTests {
    private static let cap = "sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq"

    private func governor(_ group: Group, isDryRun: Bool = false) -> CgroupGovernor {
        var configuration = group.configuration(isDryRun: isDryRun)
        configuration.scalesFrequency = true
        return CgroupGovernor(configuration)
    }

    private func cap(_ group: Group) throws -> Int {
        try #require(Int(try group.tree.text(Self.cap).split(separator: "\n")[0]))
    }

    /// A long cycle: the higher step, and core time for the rest.
    @Test(arguments: [
        ("pi4", 0.5, 900_000, "max 100000"), ("pi4", 0.832, 1_500_000, "399360 100000"),
        ("pi4", 0.1, 600_000, "120000 100000"), ("zero2w", 0.95, 1_000_000, "380000 100000"),
        ("zero2w", 0.6, 600_000, "max 100000"), ("pi5", 0.5, 1_500_000, "320000 100000"),
    ])
    func aFactorIsAStepAndCoreTime(fixture: String, factor: Double, kHz: Int, cpuMax: String) throws {
        let group = try Group(fixture)
        let governor = governor(group)
        #expect(governor.scalesFrequency)
        _ = governor.apply(decision(factor), intervalMs: 10_000)
        #expect(try cap(group) == kHz)
        #expect(try group.value("cpu.max") == cpuMax)
    }

    @Test func shortCyclesMixTwoSteps() throws {
        let group = try Group()
        let governor = governor(group)
        var sum = 0
        for _ in 0..<100 {
            _ = governor.apply(decision(0.75), intervalMs: 1_000)
            let cap = try cap(group)
            #expect([1_300_000, 1_400_000].contains(cap))
            #expect(try group.value("cpu.max") == "max 100000")
            sum += cap
        }
        #expect(abs(Double(sum) / 100 / 1_800_000 - 0.75) < 0.001)
    }

    @Test func theCapIsGivenBackAtOneAndAtTheEnd() throws {
        let group = try Group()
        let before = try group.everything
        let governor = governor(group)
        _ = governor.apply(decision(0.5))
        #expect(try cap(group) < 1_800_000)
        #expect(governor.status.limits.map(\.control.file) == ["cpufreq/policy0/scaling_max_freq"])
        // As the report tells of it: the same, and where nothing is governed nothing.
        let told = governor.status.summary
        #expect(told?.limits.map(\.file) == ["cpufreq/policy0/scaling_max_freq"])
        #expect(told?.limits.map(\.value) == governor.status.limits.map(\.value))
        #expect(told?.missing == governor.status.missing.map(\.file))
        _ = governor.apply(decision(1))
        #expect(try cap(group) == 1_800_000)
        #expect(governor.status.limits == [])
        _ = governor.apply(decision(0.5, ceiling: 300 << 20))
        _ = governor.restore()
        #expect(try group.everything == before)
    }

    @Test func aStartAfterACrashGivesTheCapBack() throws {
        let group = try Group()
        let before = try group.everything
        _ = governor(group).apply(decision(0.5))
        #expect(try group.tree.text("journal").contains("cpufreq/policy0/scaling_max_freq 1800000"))
        // Also where frequencies aren't asked for any more.
        #expect(group.governor().recover().count == 1)
        #expect(try group.everything == before)
    }

    /// The kernel's cooling device lowers what the file shows: nobody's write, and nothing to restore.
    @Test func whatTheKernelHoldsLowerIsNotForeign() throws {
        let group = try Group()
        let governor = governor(group)
        _ = governor.apply(decision(0.5), intervalMs: 10_000)
        try group.tree.write(Self.cap, "600000\n")
        #expect(governor.apply(decision(0.5), intervalMs: 10_000) == [])
        _ = governor.restore()
        #expect(try cap(group) == 1_800_000)
    }

    /// A board that is hot already when it is first capped shows its cooling device's cap: the owner's is
    /// the one seen before.
    @Test func aPassingCapIsNotTakenForTheOwners() throws {
        let group = try Group()
        let governor = governor(group)
        _ = governor.apply(decision(1))
        try group.tree.write(Self.cap, "1400000\n")
        _ = governor.apply(decision(0.5), intervalMs: 10_000)
        #expect(governor.status.limits.last?.original == "1800000")
        _ = governor.restore()
        #expect(try cap(group) == 1_800_000)
    }

    @Test func whoRaisesTheCapIsNoticed() throws {
        let group = try Group()
        let governor = governor(group)
        _ = governor.apply(decision(0.5), intervalMs: 10_000)
        try group.tree.write(Self.cap, "1600000\n")
        let events = governor.apply(decision(0.5), intervalMs: 10_000)
        #expect(events.map(\.outcome) == [.foreign(found: "1600000"), .written])
        _ = governor.restore()
        #expect(try cap(group) == 1_600_000)
    }

    @Test func everyPolicyIsCappedByItsOwnSteps() throws {
        let group = try Group("x86")
        for (number, steps) in [(0, "1000000 2000000 3000000 4000000"), (4, "500000 1000000 2000000")] {
            let folder = "sys/devices/system/cpu/cpufreq/policy\(number)"
            try group.tree.write("\(folder)/scaling_available_frequencies", steps)
            try group.tree.write("\(folder)/scaling_max_freq", number == 0 ? "4000000\n" : "2000000\n")
        }
        let governor = governor(group)
        _ = governor.apply(decision(0.4), intervalMs: 10_000)
        #expect(try cap(group) == 2_000_000)
        #expect(try group.tree.text("sys/devices/system/cpu/cpufreq/policy4/scaling_max_freq") == "1000000\n")
        // 0.4 of the work at half the frequency.
        #expect(try group.value("cpu.max") == "320000 100000")
    }

    /// Where one policy can't be capped all stay as they are, and core time does it alone.
    @Test func aPolicyThatCanNotBeCappedLeavesItToCoreTime() throws {
        let group = try Group()
        try group.tree.write("sys/devices/system/cpu/cpufreq/policy1/scaling_available_frequencies", "1 2000 3000000")
        let governor = governor(group)
        #expect(!governor.scalesFrequency)
        #expect(governor.mode == .partial)
        #expect(governor.missing == [.frequencyCap(policy: 1)])
        _ = governor.apply(decision(0.5))
        #expect(try cap(group) == 1_800_000)
        #expect(try group.value("cpu.max") == "200000 100000")
    }

    @Test func withoutPoliciesTheModeIsFullAllTheSame() throws {
        let governor = governor(try Group("x86"))
        #expect(governor.mode == .full && !governor.scalesFrequency)
        #expect(CPUFrequency(sysfsRoot: try Group("broken").tree.at("sys")).policies == [])
    }

    @Test func aDriverWithoutATableHasStepsOfItsRange() throws {
        let scratch = try Scratch()
        let folder = "devices/system/cpu/cpufreq/policy0"
        try scratch.write("\(folder)/cpuinfo_min_freq", "800000\n")
        try scratch.write("\(folder)/cpuinfo_max_freq", "1050000\n")
        let frequency = CPUFrequency(sysfsRoot: scratch.path)
        #expect(frequency.policies.map(\.stepsKHz) == [[800_000, 900_000, 1_000_000, 1_050_000]])
        #expect(frequency.has(800_000, policy: 0) && frequency.has(1_050_000, policy: 0))
        #expect(!frequency.has(799_999, policy: 0) && !frequency.has(900_000, policy: 1))
    }

    @Test func aDryRunTouchesNoFrequency() throws {
        let group = try Group()
        let before = try group.everything
        let governor = governor(group, isDryRun: true)
        #expect(governor.apply(decision(0.5)).allSatisfy { $0.outcome == .wouldWrite })
        #expect(try group.everything == before)
    }

    @Test(arguments: [
        "cpufreq/policy0/scaling_min_freq", "cpufreq/policy00/scaling_max_freq", "cpufreq/policy-1/scaling_max_freq",
        "cpufreq/policy65536/scaling_max_freq", "cpufreq/policy/scaling_max_freq", "memory.swap.max", "",
        "../cpufreq/policy0/scaling_max_freq",
    ])
    func namesOfOthersAreNoControls(name: String) {
        #expect(Control(file: Array(name.utf8)[...]) == nil)
    }

    @Test func controlsAreFoundByTheirNames() {
        for control in Control.ofGroup + [.frequencyCap(policy: 0), .frequencyCap(policy: 65_535)] {
            #expect(Control(file: Array(control.file.utf8)[...]) == control)
        }
    }

    @Test func valuesAreHeldToTheirControl() {
        let good: [(Control, [String])] = [
            (.memoryMax, ["max", "1", "9223372036854775807"]), (.memoryHigh, ["max", "4096"]),
            (.cpuMax, ["max 100000", "1000 1000", "400000 1000000"]), (.cpuWeight, ["1", "10000"]),
            (.frequencyCap(policy: 0), ["600000"]),
        ]
        let bad: [(Control, [String])] = [
            (.memoryMax, ["", "0", "-1", "+5", "max max", "1 ", " 1", "1\n", "0x10", "18446744073709551616", "min"]),
            (.cpuMax, ["max", "999 100000", "1000 999", "1000 1000001", "1000 max", "max max", "1000  1000", "1 2 3"]),
            (.cpuWeight, ["0", "10001", "max", "-5", "1 1"]),
            (.frequencyCap(policy: 0), ["max", "0", "999", "20000001", "600000 1"]),
        ]
        for (control, values) in good {
            for value in values { #expect(control.accepts(Array(value.utf8)[...]), "\(control) \(value)") }
        }
        for (control, values) in bad {
            for value in values { #expect(!control.accepts(Array(value.utf8)[...]), "\(control) \(value)") }
        }
    }
}
