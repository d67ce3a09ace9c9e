// memory.high on a tree of files that says what a kernel would say.

import Actuation
import FixtureSupport
import Model
import System
import Testing

@testable import Governor

private func pressure(_ some: Int, full: Int = 40_000) -> String {
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=\(some)\n"
        + "full avg10=0.00 avg60=0.00 avg300=0.00 total=\(full)"
}

@Suite struct BrakeTests {
    private let ceiling: UInt64 = 300 << 20

    /// A governor whose group has settled, and what memory.high then says.
    private func settled(_ group: Group) throws -> (CgroupGovernor, UInt64) {
        let governor = group.governor()
        let first = governor.apply(decision(1, ceiling: ceiling), nowMs: 0)
        #expect(first.map(\.control) == [.memoryMax, .memoryHigh])
        // At its ceiling, an eighth under memory.max, in whole pages.
        let high = try #require(UInt64(try group.value("memory.high")))
        #expect(high <= ceiling / 9 * 8 && high > ceiling / 9 * 8 - UInt64(Machine.pageSizeBytes))
        let events = governor.apply(decision(1, ceiling: ceiling), nowMs: 6_000)
        #expect(events.map(\.control) == [.memoryHigh])
        #expect(events.first?.reason == "settled: the limit is put where the use lies")
        return (governor, try #require(UInt64(try group.value("memory.high"))))
    }

    @Test(arguments: ["pi4", "pi5", "x86"])
    func theLimitLiesAtTheUseAndUnderTheCeiling(fixture: String) throws {
        let group = try Group(fixture)
        let (governor, high) = try settled(group)
        #expect(high == 104_857_600)
        #expect(try #require(UInt64(try group.value("memory.max"))) == ceiling)
        #expect(governor.status.feedback.description == "memory.pressure")
        #expect(governor.status.memoryHigh.description == "held")
    }

    @Test func pressureLiftsItBetweenTwoDecisions() throws {
        let group = try Group()
        let (governor, high) = try settled(group)
        try group.set("memory.pressure", pressure(120_000 + 100_000))
        #expect(governor.look(nowMs: 6_100) == [])
        #expect(governor.nextLookMs == 7_000)
        let events = governor.look(nowMs: 7_000)
        #expect(events.count == 1 && events[0].reason.contains("backed off") && !events[0].isRoutine)
        let lifted = try #require(UInt64(try group.value("memory.high")))
        #expect(lifted == high / 4 * 5)
        #expect(governor.nextLookMs == 7_250)
    }

    @Test func quietLowersItSlowlyAndOnlyInTheFinestLog() throws {
        let group = try Group()
        let (governor, high) = try settled(group)
        for second in 7..<12 { #expect(governor.look(nowMs: Int64(second) * 1000) == []) }
        let events = governor.look(nowMs: 12_000)
        #expect(events.map(\.isRoutine) == [true])
        let lowered = try #require(UInt64(try group.value("memory.high")))
        #expect(lowered < high && lowered > high - high / 90)
    }

    @Test func neverBelowWhatCanNotBeGivenBackOrWasPromised() throws {
        let group = try Group()
        let (governor, _) = try settled(group)
        try group.set("memory.min", "99614720")
        for window in 2..<200 { _ = governor.apply(decision(1, ceiling: ceiling), nowMs: Int64(window) * 6_000) }
        // memory.min and a reserve of 4 MiB on 512 MB.
        #expect(try #require(UInt64(try group.value("memory.high"))) == 99_614_720 + 4_194_304)
    }

    /// Between two decisions as well: memory.high by the reserve, memory.max an eighth above it.
    @Test func aLeakIsGivenTheReserveAtEachLook() throws {
        let group = try Group()
        let (governor, _) = try settled(group)
        var last: UInt64 = 0
        for (second, held) in [(7, 150_000_000), (8, 280_000_000), (9, 300_000_000), (10, 320_000_000)] {
            try group.set("memory.stat", "anon \(held - 1_000_000)\nfile 0\nkernel 1000000")
            try group.set("memory.pressure", pressure(120_000 + second * 500_000))
            let events = governor.look(nowMs: Int64(second) * 1000)
            #expect(events.last?.reason == "raised to what can't be given back, and a reserve")
            let high = try #require(UInt64(try group.value("memory.high")))
            let floor = UInt64(held) + 4_194_304
            #expect(high <= floor && high > floor - UInt64(Machine.pageSizeBytes))
            let memoryMax = try #require(UInt64(try group.value("memory.max")))
            #expect(memoryMax >= ceiling && memoryMax >= high + high / 9)
            #expect(memoryMax >= last)
            last = memoryMax
        }
        #expect(last > ceiling)
        // The group let go of it: the ceiling is the decision's again.
        try group.set("memory.stat", "anon 100000000\nkernel 0")
        _ = governor.apply(decision(1, ceiling: ceiling), nowMs: 11_000)
        #expect(try group.value("memory.max") == "\(ceiling)")
    }

    /// No throttling for ever: a group whose tasks all wait at the ceiling is let go, and said so.
    @Test func aFreezeAtTheCeilingOpensTheLimit() throws {
        let group = try Group()
        try group.set("memory.current", "\(296 << 20)")
        try group.set("memory.stat", "anon \(280 << 20)\nkernel 0")
        let governor = group.governor()
        _ = governor.apply(decision(1, ceiling: 200 << 20), nowMs: 0)
        var events: [ControlEvent] = []
        var opened: Int64?
        for second in 1..<10 where opened == nil {
            let stall = second * 900_000
            try group.set("memory.pressure", pressure(120_000 + stall, full: 40_000 + stall))
            events = governor.apply(decision(1, ceiling: 200 << 20), nowMs: Int64(second) * 1000)
            if events.contains(where: { $0.reason.contains("stood still") }) { opened = Int64(second) }
        }
        #expect(opened.map { $0 <= 5 } == true)
        #expect(try group.value("memory.high") == "max")
        #expect(governor.status.memoryHigh.description == "open")
        // It is looked after all the same: its memory.max follows what it holds.
        try group.set("memory.stat", "anon \(330 << 20)\nkernel 0")
        let due = try #require(governor.nextLookMs)
        #expect(governor.look(nowMs: due).map(\.control) == [.memoryMax])
    }

    /// A group whose other tasks work on isn't frozen; one that only reclaims in vain, in the kernel, is.
    @Test(arguments: [(400_000, 30_000, false), (30_000, 400_000, true)])
    func workIsDoneOutsideOfTheKernel(user: Int, system: Int, isFrozen: Bool) throws {
        let group = try Group()
        try group.set("memory.stat", "anon \(280 << 20)\nkernel 0")
        func cpu(_ user: Int, _ system: Int) throws {
            try group.set("cpu.stat", "usage_usec \(user + system)\nuser_usec \(user)\nsystem_usec \(system)")
        }
        try cpu(0, 0)
        let governor = group.governor()
        for second in 0..<8 {
            // Its usual work for four seconds, then the wait at the ceiling.
            let waits = max(0, second - 3)
            let works = min(second, 3) * 450_000
            try cpu(works + waits * user, waits * system)
            let stall = waits * 700_000
            try group.set("memory.pressure", pressure(120_000 + stall, full: 40_000 + stall))
            _ = governor.apply(decision(1, ceiling: 200 << 20), nowMs: Int64(second) * 1000)
        }
        #expect((try group.value("memory.high") == "max") == isFrozen)
    }

    @Test func withoutPressureTheEventsStandIn() throws {
        let group = try Group()
        try group.tree.remove("\(Group.folder)/memory.pressure")
        let (governor, high) = try settled(group)
        #expect(governor.status.feedback.description == "memory.events")
        try group.set("memory.events", "low 0\nhigh 100\nmax 0")
        #expect(governor.look(nowMs: 7_000).count == 1)
        #expect(try #require(UInt64(try group.value("memory.high"))) == high / 4 * 5)
    }

    @Test func withoutAnyFeedbackNothingIsLimited() throws {
        let group = try Group()
        try group.tree.remove("\(Group.folder)/memory.pressure")
        try group.tree.remove("\(Group.folder)/memory.events")
        let governor = group.governor()
        for window in 0..<10 { _ = governor.apply(decision(1, ceiling: ceiling), nowMs: Int64(window) * 6_000) }
        #expect(try group.value("memory.high") == "max")
        #expect(governor.status.feedback.description == "none")
        #expect(governor.mode == .full)
    }

    @Test func everythingIsGivenBack() throws {
        let group = try Group()
        let before = try group.everything
        let (governor, _) = try settled(group)
        #expect(try group.everything != before)
        #expect(Set(governor.restore().map(\.control.file)) == ["memory.max", "memory.high"])
        #expect(try group.everything == before)
        #expect(governor.nextLookMs == nil)
    }

    @Test func aStartAfterACrashGivesItBack() throws {
        let group = try Group()
        let before = try group.everything
        _ = try settled(group)
        let next = group.governor()
        #expect(next.recover().count == 2)
        #expect(try group.everything == before)
    }

    /// With swap, a leak is pushed out of memory at the ceiling, as far as half of the free swap goes.
    @Test func swapIsARoomToGiveBackTo() throws {
        let group = try Group()
        let mebi = 1 << 20
        try group.set("memory.stat", "anon \(400 * mebi)\nkernel \(10 * mebi)")
        try group.set("memory.current", "\(290 * mebi)")
        try group.set("memory.swap.max", "max")
        try group.set("memory.swap.current", "0")
        try group.tree.write(
            "proc/meminfo", "MemTotal: 500000 kB\nSwapTotal: 999999 kB\nSwapFree:      \(400 * 1024) kB\nDirty: 5 kB\n")
        let group0 = try #require(ManagedGroup(root: group.tree.at("cgroup"), path: "/workload.slice"))
        func bounds() -> MemoryBounds {
            MemoryBrake(group0, procfsRoot: group.tree.at("proc"), memoryBytes: 512 << 20, isDear: false).bounds()
        }
        #expect(bounds().heldBytes == UInt64(410 * mebi) && bounds().swappableBytes == UInt64(200 * mebi))
        #expect(bounds().floorBytes == UInt64(214 * mebi))
        // memory.high at eight ninths of the decision's ceiling; memory.max where nothing is killed.
        #expect(bounds().highCeiling(UInt64(270 * mebi)) == UInt64(240 * mebi))
        #expect(bounds().memoryMax(UInt64(270 * mebi), highBytes: nil) == UInt64(410 * mebi) / 16 * 17)
        // An eighth over a memory.high that is still on its way down.
        #expect(
            bounds().memoryMax(UInt64(270 * mebi), highBytes: UInt64(400 * mebi)) == UInt64(450 * mebi))
        // The group's own share of the swap.
        try group.set("memory.swap.max", "\(100 * mebi)")
        try group.set("memory.swap.current", "\(60 * mebi)")
        #expect(bounds().swappableBytes == UInt64(20 * mebi))
        try group.set("memory.swap.max", "0")
        #expect(bounds().swappableBytes == 0)
        // A kernel without swap accounting has no such file: nothing is counted on.
        try group.tree.remove("\(Group.folder)/memory.swap.max")
        #expect(bounds().swappableBytes == 0)
    }

    /// Opened and beyond the ceiling nothing is killed that the machine has room for.
    @Test func openedBeyondTheCeilingTheMachinesRoomCounts() throws {
        let group = try Group()
        let mebi = 1 << 20
        try group.tree.write("proc/meminfo", "MemTotal: 500000 kB\nMemAvailable:  \(200 * 1024) kB\n")
        let group0 = try #require(ManagedGroup(root: group.tree.at("cgroup"), path: "/workload.slice"))
        func limit(held: Int, isOpened: Bool = true) throws -> UInt64 {
            try group.set("memory.stat", "anon \(held * mebi)\nkernel 0")
            return MemoryBrake(
                group0, procfsRoot: group.tree.at("proc"), memoryBytes: 512 << 20, isDear: false
            ).bounds().memoryMax(UInt64(270 * mebi), highBytes: nil, isOpened: isOpened)
        }
        #expect(try limit(held: 250) == UInt64(270 * mebi))
        #expect(try limit(held: 300) == UInt64(300 * mebi) / 16 * 17 + UInt64(200 * mebi))
        #expect(try limit(held: 300, isOpened: false) == UInt64(300 * mebi) / 16 * 17)
    }

    /// A use of 100 MiB, and a ceiling that came down under it.
    @Test func memoryHighIsNotWrittenBelowTheUse() throws {
        let group = try Group()
        let (governor, high) = try settled(group)
        for second in 7..<10 {
            _ = governor.apply(decision(1, ceiling: 64 << 20), nowMs: Int64(second) * 1000)
            let lowered = try #require(UInt64(try group.value("memory.high")))
            #expect(lowered == high)
        }
    }

    @Test func theOwnersOwnLimitIsNeverRaised() throws {
        let group = try Group()
        try group.set("memory.high", "50000000")
        let governor = group.governor()
        for second in 0..<20 { _ = governor.apply(decision(1, ceiling: ceiling), nowMs: Int64(second) * 1000) }
        #expect(try group.value("memory.high") == "50000000")
    }

    @Test(arguments: [
        "", "x", "some", "some total=", "some avg10=0 total=-5", "full avg10=0.00 total=7",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=99999999999999999999",
    ])
    func damagedPressureIsNoPressure(text: String) {
        #expect(MemoryBrake.pressure(Array(text.utf8)[...]) == nil)
    }

    @Test func pressureAndEventsAreReadByName() {
        #expect(
            MemoryBrake.pressure(Array(pressure(12, full: 3).utf8)[...])
                == MemoryBrake.Counters(someMicros: 12, fullMicros: 3))
        #expect(
            MemoryBrake.events(Array("low 5\nhigh 2\nmax 1\noom 9".utf8)[...])
                == MemoryBrake.Counters(someMicros: 12_000, fullMicros: nil))
        #expect(MemoryBrake.events(Array("low 5".utf8)[...]) == nil)
        #expect(MemoryBrake.events(Array("high 9223372036854775807\nmax 5".utf8)[...])?.someMicros == .max)
    }

    @Test func reservesSuitTheMachine() {
        #expect(MemoryBounds.reserve(ofMemory: 512 << 20) == 4 << 20)
        #expect(MemoryBounds.reserve(ofMemory: 4 << 30) == 32 << 20)
        #expect(MemoryBounds.reserve(ofMemory: 64 << 30) == 64 << 20)
        let all = MemoryBounds(heldBytes: .max, reserveBytes: .max)
        #expect(all.floorBytes == .max && all.memoryMax(5, highBytes: .max) == .max)
        #expect(all.memoryMax(5, highBytes: nil) == .max && all.highCeiling(5) == .max)
        #expect(MemoryBounds.text(.max, pageBytes: 4096) == "\(Int64.max / 4096 * 4096)")
    }
}
