import FixtureSupport
import Foundation
import Model
import System
import Testing

@testable import Governor

@Suite struct GovernorTests {
    @Test(arguments: [
        (0.1, "40000 100000", "100"), (0.5, "200000 100000", "100"),
        (0.832, "332800 100000", "100"), (0.9999, "399960 100000", "100"),
        (1.0, "max 100000", "100"), (1.618, "max 100000", "162"), (3.0, "max 100000", "300"),
    ])
    func factors(factor: Double, cpuMax: String, weight: String) throws {
        let group = try Group()
        let governor = group.governor()
        #expect(governor.mode == .full)
        _ = governor.apply(decision(factor))
        #expect(try group.all == ["max", cpuMax, weight])
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, -5, 0])
    func absurdFactorsStayWithinWhatTheKernelTakes(factor: Double) throws {
        let group = try Group()
        _ = group.governor().apply(decision(factor))
        #expect(["max 100000", "1000 100000"].contains(try group.value("cpu.max")))
        #expect(try group.value("cpu.weight") == "100")
    }

    @Test func theWeightIsGivenBackBelowOne() throws {
        let group = try Group()
        try group.set("cpu.weight", "80")
        let governor = group.governor()
        _ = governor.apply(decision(1.5))
        #expect(try group.value("cpu.weight") == "150")
        _ = governor.apply(decision(0.5))
        #expect(try group.value("cpu.weight") == "80")
    }

    @Test func memoryCeilingInWholePages() throws {
        let group = try Group()
        let governor = group.governor()
        _ = governor.apply(decision(1, ceiling: 1_000_000_001))
        let written = try #require(UInt64(try group.value("memory.max")))
        #expect(written % UInt64(Machine.pageSizeBytes) == 0)
        #expect(1_000_000_001 - written < UInt64(Machine.pageSizeBytes))
        _ = governor.apply(decision(1, ceiling: 0))
        #expect(try group.value("memory.max") == "\(written)")
    }

    @Test func theCeilingStaysAboveWhatCanNotBeGivenBack() throws {
        let group = try Group()
        let held: UInt64 = 67_108_864 + 8_388_608 + 1_048_576
        try group.set("memory.current", "\(held)")
        _ = group.governor().apply(decision(1, ceiling: 1 << 20))
        let written = try #require(UInt64(try group.value("memory.max")))
        #expect(written > held)
        // An eighth over the least of memory.high, which is a reserve of 4 MiB above (on 512 MB).
        #expect(written <= (held + 4_194_304) / 8 * 9 + 8)
    }

    @Test func whatIsThereIsNotWrittenAgain() throws {
        let governor = try Group().governor()
        #expect(governor.apply(decision(0.5, ceiling: 1 << 30)).count == 3)
        #expect(governor.apply(decision(0.5, ceiling: 1 << 30)) == [])
        #expect(governor.apply(decision(1.0, ceiling: 1 << 30)).count == 1)
    }

    @Test func aDecisionThatIsNotApplicableChangesNothing() throws {
        let group = try Group()
        let governor = group.governor()
        let before = try group.all
        #expect(governor.apply(decision(0.2, ceiling: 1 << 28, isApplicable: false)) == [])
        #expect(try group.all == before)
        #expect(!group.tree.exists("journal"))
    }

    /// A sensor that is lost while the group is held back must not hold it back for good.
    @Test func decisionsThatAreNotApplicableReleaseTheGroupInTheEnd() throws {
        let group = try Group()
        let governor = group.governor()
        let before = try group.value("cpu.max")
        _ = governor.apply(decision(0.1))
        let held = try group.value("cpu.max")
        #expect(held != before)
        for _ in 1..<CgroupGovernor.releaseAfterCycles {
            #expect(governor.apply(decision(1, isApplicable: false)) == [])
            #expect(try group.value("cpu.max") == held)
        }
        #expect(!governor.apply(decision(1, isApplicable: false)).isEmpty)
        #expect(try group.value("cpu.max") == before)
        // And it is governed again when there is something to apply.
        _ = governor.apply(decision(0.1))
        #expect(try group.value("cpu.max") == held)
    }

    @Test func dryRunSaysAndDoesNotDo() throws {
        let group = try Group()
        let governor = group.governor(isDryRun: true)
        #expect(governor.mode == .dryRun)
        let before = try group.all
        let events = governor.apply(decision(0.5, ceiling: 1 << 30), nowMs: 1_000)
        let page = Machine.pageSizeBytes
        #expect(
            events.map(\.text) == [
                "memory.max = 1073741824 (would-write): the decision's ceiling",
                "memory.high = \(1_073_741_824 / 9 * 8 / page * page) (would-write): "
                    + "at the ceiling, until the group has settled",
                "cpu.max = 200000 100000 (would-write): factor 0.500",
            ])
        // Once is enough, and what would be in force is told for as long as it would.
        func limits() -> [String] { governor.status.limits.map { "\($0.control.file) \($0.value) \($0.original)" } }
        #expect(governor.apply(decision(0.5, ceiling: 1 << 30), nowMs: 1_000) == [])
        #expect(limits().contains("cpu.max 200000 100000 max 100000"), "\(limits())")
        #expect(governor.apply(decision(0.25, ceiling: 1 << 30), nowMs: 1_000).map(\.text) == [
            "cpu.max = 100000 100000 (would-write): factor 0.250"
        ])
        #expect(governor.apply(decision(1, ceiling: 1 << 30), nowMs: 1_000).map(\.text) == [
            "cpu.max = max 100000 (would-write): factor 1.000"
        ])
        #expect(!limits().contains { $0.hasPrefix("cpu.max") }, "\(limits())")
        #expect(governor.restore() == [])
        #expect(try group.all == before)
        #expect(!group.tree.exists("journal"))
    }

    @Test func restoreGivesTheOriginalsBack() throws {
        let group = try Group()
        try group.set("memory.max", "2147483648")
        let before = try group.all
        let governor = group.governor()
        _ = governor.apply(decision(0.5, ceiling: 1 << 30))
        #expect(try group.all != before)
        let events = governor.restore()
        #expect(events.allSatisfy { $0.outcome == .restored })
        #expect(try group.all == before)
        #expect(!group.tree.exists("journal"))
    }

    @Test func aStartAfterACrashRestores() throws {
        let group = try Group()
        let before = try group.all
        _ = group.governor().apply(decision(0.3, ceiling: 1 << 30))
        #expect(try group.all != before)
        let next = group.governor()
        #expect(next.recover().count == 3)
        #expect(try group.all == before)
        #expect(!group.tree.exists("journal"))
        #expect(next.recover() == [])
    }

    @Test func aStartAfterACrashRestoresTheOldGroupOfAChangedConfiguration() throws {
        let group = try Group()
        let before = try group.all
        _ = group.governor().apply(decision(0.3))
        #expect(group.governor(group: nil).recover().count == 1)
        #expect(try group.all == before)
    }

    @Test(arguments: [
        "", "junk", "phi-governor-1\ngroup /../../etc\ncpu.max max 100000\n",
        "phi-governor-1\ngroup /workload.slice\npasswd 1\n",
        "phi-governor-1\ngroup /workload.slice\ncpu.max ; rm\n",
        "phi-governor-1\ngroup /\ncpu.max max 100000\n",
    ])
    func journalsOfOthersAreNotFollowed(text: String) throws {
        let group = try Group()
        try group.set("cpu.max", "50000 100000")
        try group.tree.write("journal", text)
        #expect(group.governor().recover() == [])
        #expect(try group.value("cpu.max") == "50000 100000")
        #expect(!group.tree.exists("journal"))
    }

    @Test func foreignWritesAreToldAndRestored() throws {
        let group = try Group()
        let governor = group.governor()
        _ = governor.apply(decision(0.5))
        try group.set("cpu.max", "10000 100000")
        let events = governor.apply(decision(0.5))
        #expect(
            events.map(\.outcome) == [.foreign(found: "10000 100000"), .written])
        #expect(try group.value("cpu.max") == "200000 100000")
        // A crash here gives back what the other one wanted, too.
        #expect(try group.tree.text("journal").contains("cpu.max 10000 100000"))
        _ = governor.restore()
        #expect(try group.value("cpu.max") == "10000 100000")
    }

    /// Somebody who writes without end rewrites no journal without end. What is about to be changed for the
    /// first time is in it whatever the card's budget says.
    @Test func foreignWritesWaitForTheJournal() throws {
        let group = try Group()
        let governor = group.governor()
        var (asked, wrote) = (0, [Int]())
        var isAllowed = false
        governor.journalDesk = JournalDesk(
            mayWrite: {
                asked += 1
                return isAllowed
            }, wrote: { wrote.append($0) })
        _ = governor.apply(decision(0.5))
        let bytes = try group.tree.text("journal").utf8.count
        #expect(asked == 0 && wrote == [bytes])
        let first = try group.tree.text("journal")
        #expect(first.contains("cpu.max max 100000"))
        for turn in 0..<28 {
            try group.set("cpu.max", "\(10_000 + turn) 100000")
            #expect(governor.apply(decision(0.5)).map(\.outcome).last == .written)
            #expect(try group.value("cpu.max") == "200000 100000")
        }
        #expect(try group.tree.text("journal") == first)
        #expect(asked == 28 && wrote.count == 1)
        isAllowed = true
        _ = governor.apply(decision(0.5))
        #expect(try group.tree.text("journal").contains("cpu.max 10027 100000"))
        _ = governor.apply(decision(0.5))
        #expect(asked == 29 && wrote.count == 2, "nothing waits any more")
        // Another control is changed for the first time: that can't wait, and nobody is asked.
        isAllowed = false
        _ = governor.apply(decision(1.5))
        #expect(asked == 29 && wrote.count == 3)
        #expect(try group.tree.text("journal").contains("cpu.weight 100"))
        try group.set("cpu.max", "5000 100000")
        _ = governor.apply(decision(0.5))
        // A clean end gives back what was wanted last, in the journal or not.
        _ = governor.restore()
        #expect(try group.value("cpu.max") == "5000 100000")
    }

    /// A journal that can't be written costs the card nothing, and changes nothing.
    @Test func aJournalThatCannotBeWrittenIsNotCharged() throws {
        let group = try Group()
        let governor = group.governor()
        var wrote = 0
        governor.journalDesk = JournalDesk(mayWrite: { true }, wrote: { _ in wrote += 1 })
        try group.tree.write("journal/occupied", "")
        let before = try group.all
        for _ in 0..<3 { #expect(governor.apply(decision(0.5)).contains { $0.isFailure }) }
        #expect(try group.all == before && wrote == 0)
        try group.tree.remove("journal")
        _ = governor.apply(decision(0.5))
        #expect(wrote == 1)
        _ = governor.restore()
        #expect(try group.all == before)
    }

    /// An earlier run's values that couldn't be given back: who changed nothing leaves them where they stand,
    /// and who goes on has them, not the limit that was left behind.
    @Test func aJournalThatWasNotRecoveredIsKept() throws {
        let group = try Group()
        let own = try group.all
        try group.set("cpu.max", "50000 100000")
        let text = "phi-governor-1\ngroup /workload.slice\ncpu.max max 100000\n"
        try group.tree.write("journal", text)
        _ = group.governor().restore()
        #expect(try group.tree.text("journal") == text)

        let governor = group.governor()
        _ = governor.apply(decision(1.5))
        #expect(try group.tree.text("journal").contains("cpu.max max 100000"))
        #expect(try group.tree.text("journal").contains("cpu.weight 100"))
        _ = governor.restore()
        #expect(try group.all == own)
        #expect(!group.tree.exists("journal"))
    }

    @Test func whatOthersWroteLastStaysTheirs() throws {
        let group = try Group()
        let governor = group.governor()
        _ = governor.apply(decision(0.5))
        try group.set("cpu.max", "30000 100000")
        #expect(governor.restore() == [])
        #expect(try group.value("cpu.max") == "30000 100000")
    }

    @Test func modes() throws {
        let zero = try Group("zero2w").governor()
        #expect(zero.mode == .partial)
        #expect(zero.missing == [.memoryMax, .memoryHigh])
        #expect(zero.apply(decision(0.5, ceiling: 1 << 28)).map(\.control) == [.cpuMax])
        #expect(try Group("broken").governor().missing == [.memoryMax, .memoryHigh, .cpuMax])
        #expect(try Group().governor(group: nil).mode == .apiOnly)
        #expect(try Group().governor(group: "/none").mode == .apiOnly)
    }

    @Test(arguments: ["", "/", "//", "../pi4", "/a/../../b", "/.", "/a\nb"])
    func groupsOutsideTheRootAreRefused(path: String) throws {
        let governor = try Group().governor(group: path)
        #expect(governor.mode == .apiOnly)
        #expect(governor.apply(decision(0.5)) == [])
    }

    @Test func aGroupMayComeLateAndGo() throws {
        let group = try Group()
        let governor = group.governor(group: "/late.slice")
        #expect(governor.apply(decision(0.5)) == [])
        try group.tree.write("cgroup/late.slice/cpu.max", "max 100000\n")
        #expect(governor.apply(decision(0.5)).count == 1)
        #expect(governor.mode == .partial)
        try group.tree.remove("cgroup/late.slice")
        #expect(governor.apply(decision(0.4)) == [])
        #expect(governor.mode == .apiOnly)
        #expect(governor.restore() == [])
    }

    @Test func withoutAJournalNothingIsWritten() throws {
        let group = try Group()
        try group.tree.write("journal/occupied", "")
        let events = group.governor().apply(decision(0.5))
        #expect(events.count == 1)
        guard case .failed = events[0].outcome else { Issue.record("\(events)"); return }
        #expect(try group.value("cpu.max") == "max 100000")
    }
}
