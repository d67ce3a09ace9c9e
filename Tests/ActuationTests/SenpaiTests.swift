// Senpai's law against made-up groups and against its own formulas.

import Testing

@testable import Actuation

private func reading(
    _ ms: Int64, some: UInt64 = 0, full: UInt64? = 0, cpu: UInt64? = nil, current: UInt64 = 100 << 20,
    swapped: UInt64 = 0, floor: UInt64 = 20 << 20, ceiling: UInt64 = 300 << 20
) -> SenpaiLaw.Reading {
    SenpaiLaw.Reading(
        nowMs: ms, someMicros: some, fullMicros: full, cpuMicros: cpu, currentBytes: current,
        swappedBytes: swapped, floorBytes: floor, ceilingBytes: ceiling)
}

/// A law that has put its limit on a settled group of 100 MiB, at 6 s.
private func engaged(_ quietMs: Int64 = SenpaiLaw.windowMs) -> SenpaiLaw {
    var law = SenpaiLaw(quietMs: quietMs)
    _ = law.step(reading(0))
    _ = law.step(reading(6_000))
    return law
}

@Suite struct SenpaiLawTests {
    @Test func theLimitIsPutOnASettledGroup() {
        var law = SenpaiLaw()
        #expect(law.nextLookMs == nil)
        #expect(law.step(reading(0)) == .ceiling)
        #expect(law.step(reading(3_000)) == .held)
        #expect(law.limitBytes == Double(300 << 20) && law.nextLookMs == SenpaiLaw.tickMs)
        #expect(law.step(reading(6_000)) == .engaged)
        #expect(law.limitBytes == Double(100 << 20))
    }

    @Test func aGroupThatGrowsIsLeftAlone() {
        var law = SenpaiLaw()
        for second in 0..<60 {
            let move = law.step(reading(Int64(second) * 1000, current: UInt64(10 + second * 4) << 20))
            #expect(move == (second == 0 ? .ceiling : .held))
        }
        #expect(law.limitBytes == Double(300 << 20))
    }

    /// limit *= 1 + min(1, (I/T/20)²)
    @Test(arguments: [
        (10_001, 1.0025), (20_000, 1.01), (100_000, 1.25), (200_000, 2.0), (5_000_000, 2.0),
    ])
    func pressureRaisesTheLimitAtOnce(some: UInt64, by: Double) {
        var law = engaged()
        let before = law.limitBytes ?? 0
        #expect(law.step(reading(6_250, some: some)) == .backedOff)
        #expect(abs((law.limitBytes ?? 0) / before - by) < 0.0001)
        #expect(law.nextLookMs == SenpaiLaw.urgentMs)
    }

    /// limit *= 1 − min(0.01, 0.01 · (T/max(I, 1 µs)/10)²)
    @Test(arguments: [(0, 0.99), (1, 0.99), (1_000, 0.99), (2_000, 0.9975), (10_000, 0.9999)])
    func quietLowersItSlowly(some: UInt64, by: Double) {
        var law = engaged()
        let before = law.limitBytes ?? 0
        #expect(law.step(reading(11_999, some: some)) == .held)
        #expect(law.step(reading(12_000, some: some)) == .probed)
        #expect(abs((law.limitBytes ?? 0) / before - by) < 1e-9)
    }

    @Test func theTargetGrowsWithALongCycle() {
        var law = engaged()
        // Twelve seconds between two looks: 20 ms are the target, and no reason to back off.
        #expect(law.step(reading(18_000, some: 19_000)) == .probed)
        var other = engaged()
        #expect(other.step(reading(18_000, some: 21_000)) == .backedOff)
    }

    @Test func dearWritesProbeLessOften() {
        var law = engaged(60_000)
        #expect(law.step(reading(30_000)) == .held)
        #expect(law.step(reading(66_000)) == .probed)
        #expect(law.step(reading(66_250, some: 50_000)) == .backedOff)
    }

    @Test func neverBelowTheFloor() {
        var law = engaged()
        for window in 2..<2_000 {
            _ = law.step(reading(Int64(window) * 6_000, floor: 60 << 20))
            #expect((law.limitBytes ?? 0) >= Double(60 << 20))
        }
        #expect(law.limitBytes == Double(60 << 20))
        // What can't be given back grows: the limit follows at the next look.
        #expect(law.step(reading(12_000_250, floor: 90 << 20)) == .raisedToFloor)
        #expect(law.limitBytes == Double(90 << 20))
        // Also beyond the ceiling.
        _ = law.step(reading(12_000_500, floor: 400 << 20))
        #expect(law.limitBytes == Double(400 << 20))
    }

    @Test func theCeilingLowersTheLimit() {
        var law = engaged()
        #expect(law.step(reading(6_250, current: 40 << 20, ceiling: 50 << 20)) == .loweredToCeiling)
        #expect(law.limitBytes == Double(50 << 20))
    }

    /// A write below the use reclaims the difference before it returns.
    @Test func aCeilingBelowTheUseIsMetAtTheUse() {
        var law = engaged()
        #expect(law.step(reading(6_250, current: 90 << 20, ceiling: 50 << 20)) == .loweredToUse)
        #expect(law.limitBytes == Double(90 << 20))
        // It gave some back by itself, and wants it again: not above the ceiling.
        #expect(law.step(reading(6_500, current: 70 << 20, ceiling: 50 << 20)) == .loweredToUse)
        #expect(law.step(reading(7_500, current: 90 << 20, ceiling: 50 << 20)) == .held)
        #expect(law.step(reading(8_000, some: 900_000, current: 70 << 20, ceiling: 50 << 20)) == .held)
        #expect(law.limitBytes == Double(70 << 20))
    }

    /// From there on by the stall: a part in a hundred in six quiet seconds.
    @Test func quietTakesItFurther() {
        var law = engaged()
        var use: UInt64 = 100 << 20
        var limit = law.limitBytes ?? 0
        for second in 7..<600 {
            _ = law.step(reading(Int64(second) * 1000, current: use, ceiling: 50 << 20))
            let next = law.limitBytes ?? 0
            #expect(next <= limit && next >= limit * 0.99 - 1)
            limit = next
            use = min(use, UInt64(limit))
        }
        #expect(limit < Double(60 << 20))
    }

    /// Also in the first look, and after a time without a limit.
    @Test func itBeginsNotBelowTheUse() {
        var law = SenpaiLaw()
        #expect(law.step(reading(0, ceiling: 50 << 20)) == .ceiling)
        #expect(law.limitBytes == Double(100 << 20))
    }

    @Test func aGroupThatHasNotSettledFollowsTheCeiling() {
        var law = SenpaiLaw()
        _ = law.step(reading(0))
        #expect(law.step(reading(1_000, ceiling: 200 << 20)) == .loweredToCeiling)
        #expect(law.step(reading(2_000, ceiling: 250 << 20)) == .ceiling)
        #expect(law.limitBytes == Double(250 << 20))
        #expect(law.step(reading(3_000, floor: 280 << 20, ceiling: 250 << 20)) == .raisedToFloor)
        #expect(law.limitBytes == Double(280 << 20))
    }

    @Test func countersThatRunBackwardsAreAnotherGroups() {
        var law = engaged()
        #expect(law.step(reading(7_000, some: 900_000)) == .backedOff)
        #expect(law.step(reading(8_000, some: 5)) == .ceiling)
        #expect(law.step(reading(7_000, some: 10)) == .ceiling)
        #expect(law.step(reading(13_000, some: 10)) == .engaged)
    }

    @Test func aLookIsDueWhenThereIsSomethingToDo() {
        let law = engaged()
        #expect(!law.isDue(nowMs: 7_000, someMicros: 10_000))
        #expect(law.isDue(nowMs: 7_000, someMicros: 10_001))
        #expect(law.isDue(nowMs: 12_000, someMicros: 0))
        #expect(law.isDue(nowMs: 0, someMicros: 0))
        #expect(SenpaiLaw().isDue(nowMs: 0, someMicros: 0))
    }

    @Test func absurdReadingsDoNotTrap() {
        var law = engaged()
        for value in [0, 1, UInt64.max / 2, UInt64.max] {
            _ = law.step(
                reading(.max, some: value, full: value, current: value, floor: value, ceiling: value))
            _ = law.step(reading(.min, some: value, full: nil, current: value, floor: 0, ceiling: 0))
        }
    }
}

@Suite struct GroupTests {
    @Test func cacheThatNobodyMissesIsSqueezedOutAndTheWorkGoesOn() {
        var plant = GroupPlant(hotBytes: 80 * mebi)
        plant.coldBytes = 100 * mebi
        var loop = Loop(plant)
        loop.run(seconds: 1_800)
        #expect(loop.plant.wantedBytes < 90 * mebi)
        // The stall that was aimed at, 10 ms in 6 s, and not ten times of it.
        #expect(loop.plant.someMicros < 1_800 / 6 * 10_000 * 10)
        #expect(loop.plant.workedS > 0.98 * 1_800)
    }

    @Test func aGroupThatNeedsMoreHasItWithinSeconds() {
        var loop = Loop(GroupPlant(hotBytes: 40 * mebi))
        loop.run(seconds: 60)
        #expect(loop.law.limitBytes != nil)
        loop.plant.hotBytes = 200 * mebi
        let before = loop.plant.nowMs
        var servedMs: Int64?
        loop.run(seconds: 30) { loop in
            if servedMs == nil, (loop.law.limitBytes ?? .infinity) >= loop.plant.hotBytes {
                servedMs = loop.plant.nowMs - before
            }
        }
        #expect(servedMs.map { $0 <= 4_000 } == true, "\(servedMs ?? -1) ms")
    }

    /// The kernel puts who allocates to sleep; the other tasks of the group work on, for longer than
    /// without a limit.
    @Test(arguments: [false, true]) func aLeakIsSlowedAtTheCeilingWhileTheOthersWork(mostlySleep: Bool) {
        var plant = GroupPlant(hotBytes: 50 * mebi)
        plant.unreclaimableBytes = 50 * mebi
        plant.leakBytesPerS = 20 * mebi
        plant.hasOtherTasks = true
        plant.othersMostlySleep = mostlySleep
        var loop = Loop(plant)
        loop.run(seconds: 40)
        let free = (50 + 20 * 40) * mebi
        #expect(loop.plant.wantedBytes < free / 1.5)
        #expect(loop.plant.wantedBytes > plant.ceilingBytes)
        #expect(!loop.moves.contains(.opened))
        #expect(loop.plant.workedS == 40)
    }

    /// A group of one task that leaks and works: put to sleep, it does nothing. That is no survival.
    @Test(arguments: [true, false])
    func whatStandsStillAtTheCeilingIsLetGo(hasPressure: Bool) {
        var plant = GroupPlant(hotBytes: 50 * mebi)
        plant.unreclaimableBytes = 50 * mebi
        plant.leakBytesPerS = 20 * mebi
        plant.reserveBytes = 1 * mebi
        var loop = Loop(plant)
        loop.hasPressure = hasPressure
        loop.run(seconds: 60)
        #expect(loop.moves.contains(.ceiling) && loop.moves.contains(.opened))
        #expect(loop.plant.longestStandstillS < 5)
        #expect(loop.plant.workedS > 60 * 0.5)
    }

    /// What leaks by the clock, whatever holds it up: once opened it isn't braked again while it grows,
    /// in memory or in swap.
    @Test(arguments: [false, true]) func whatGoesOnGrowingIsNotBrakedAgain(inSwap: Bool) {
        var law = SenpaiLaw()
        var opened: Int?
        for second in 0..<10 where opened == nil {
            let waited = UInt64(second) * 1_000_000
            let move = law.step(
                reading(Int64(second) * 1000, some: waited, full: waited, current: 300 << 20))
            if move == .opened { opened = second }
        }
        let since = opened ?? 0
        #expect(opened != nil)
        let stalled = UInt64(since) * 1_000_000
        for second in (since + 1)..<(since + 60) {
            let grown = UInt64(second * 10)
            _ = law.step(
                reading(
                    Int64(second) * 1000, some: stalled, full: stalled,
                    current: (inSwap ? 300 : 300 + grown) << 20, swapped: (inSwap ? grown : 0) << 20))
            #expect(law.limitBytes == nil)
        }
        // It stays as it is: braked again.
        var move = SenpaiLaw.Move.held
        for second in (since + 60)..<(since + 75) where move == .held {
            move = law.step(
                reading(
                    Int64(second) * 1000, some: stalled, full: stalled, current: 900 << 20,
                    swapped: inSwap ? 600 << 20 : 0))
        }
        #expect(move == .ceiling)
    }

    /// Each time for longer: braking that does harm is given up, and tried anew when it has settled.
    @Test func aBrakeThatDoesHarmIsGivenUpForLongerAndLonger() {
        var law = SenpaiLaw()
        var times = 0
        var openS = 0
        var waited: UInt64 = 0
        for second in 0..<600 {
            let now = reading(
                Int64(second) * 1000, some: waited, full: waited, current: 200 << 20,
                ceiling: 200 << 20)
            if law.step(now) == .opened { times += 1 }
            if law.limitBytes == nil { openS += 1 } else { waited += 1_000_000 }
        }
        #expect((3...8).contains(times))
        #expect(openS > 550)
    }

    /// A working set that can't fit under the ceiling: neither a freeze nor squeezed for ever.
    @Test(arguments: [0.0, 100.0]) func aWorkingSetBeyondTheCeilingIsNotStrangled(settledAtFirst: Double) {
        var plant = GroupPlant(hotBytes: settledAtFirst > 0 ? settledAtFirst * mebi : 500 * mebi)
        plant.ceilingBytes = 200 * mebi
        var loop = Loop(plant)
        loop.run(seconds: 60)
        loop.plant.hotBytes = 500 * mebi
        loop.run(seconds: 540)
        #expect(loop.moves.contains(settledAtFirst > 0 ? .opened : .probed))
        #expect(loop.plant.longestStandstillS < 5)
        #expect(loop.plant.workedS > 0.9 * 600)
    }

    /// A leak that was under its ceiling until that came down: held where it is, and the work goes on.
    @Test func aLeakUnderACeilingThatComesDownIsHeld() {
        var plant = GroupPlant(hotBytes: 50 * mebi)
        plant.leakBytesPerS = 10 * mebi
        plant.hasOtherTasks = true
        var loop = Loop(plant)
        loop.run(seconds: 24)
        let use = loop.plant.currentBytes
        loop.plant.ceilingBytes = 160 * mebi
        loop.run(seconds: 60)
        // A reserve of 4 MiB at each look, not ten.
        #expect(use > 280 * mebi && loop.plant.currentBytes <= use + 61 * loop.plant.reserveBytes)
        #expect(loop.plant.workedS == 84)
    }
}
