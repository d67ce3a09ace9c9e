// Error correction, with the faults injected that real boards have.

import Model
import Phi
import Testing

@testable import Chamber

@Suite struct SensorFilterTests {
    private func settled(_ celsius: Double = 50) -> (SensorFilter, Int64) {
        var filter = SensorFilter(step: 0.54)
        var ms: Int64 = 0
        for index in 0..<20 {
            ms += 1000
            filter.note(celsius + (index % 2 == 0 ? 0 : 0.54), nowMs: ms)
        }
        return (filter, ms)
    }

    @Test func aMedianOfFiveIsTheMedian() {
        // Every order of five values.
        func permute(_ rest: [Double], _ chosen: [Double]) {
            guard !rest.isEmpty else {
                #expect(
                    SensorFilter.median(chosen[0], chosen[1], chosen[2], chosen[3], chosen[4])
                        == chosen.sorted()[2])
                return
            }
            for index in rest.indices {
                var left = rest
                let value = left.remove(at: index)
                permute(left, chosen + [value])
            }
        }
        permute([1, 2, 3, 4, 5], [])
        permute([1, 2, 2, 4, 5], [])
    }

    @Test(arguments: [120.0, -40, 0, 53])
    func oneOrTwoSpikesInFiveAreTakenForSpikes(spike: Double) throws {
        let settled = settled()
        var filter = settled.0
        let ms = settled.1
        let before = try #require(filter.value)
        filter.note(spike, nowMs: ms + 1000)
        #expect(filter.accepted == nil)
        filter.note(50, nowMs: ms + 2000)
        filter.note(spike, nowMs: ms + 3000)
        #expect(filter.rejections == 2)
        #expect(abs(try #require(filter.value) - before) < 0.4)
    }

    @Test func aTrueJumpIsBelievedAtTheThirdReading() throws {
        var (filter, ms) = settled()
        var accepted: [Bool] = []
        for _ in 0..<4 {
            ms += 1000
            filter.note(60, nowMs: ms)
            accepted.append(filter.accepted != nil)
        }
        #expect(accepted == [false, false, true, true])
        for _ in 0..<30 {
            ms += 1000
            filter.note(60, nowMs: ms)
        }
        #expect(abs(try #require(filter.value) - 60) < 0.1)
    }

    @Test func aRampPassesUnhindered() {
        var (filter, ms) = settled()
        var celsius = 50.0
        for _ in 0..<60 {
            ms += 1000
            celsius += 0.9
            filter.note(celsius, nowMs: ms)
        }
        #expect(filter.rejections == 0)
    }

    @Test func whatIsNoNumberChangesNothing() {
        let settled = settled()
        var filter = settled.0
        let ms = settled.1
        let before = filter.value
        filter.note(.nan, nowMs: ms + 1000)
        filter.note(.infinity, nowMs: ms + 2000)
        #expect(filter.value == before)
    }
}

@Test func dropoutsAndSpikesLeaveTheDecisionAlone() {
    var board = Settled(celsius: 60)
    let calm = board.decide(celsius: 60, entropy: 0.5, value: 0.5).factor
    for index in 0..<60 {
        // Every seventh reading absurd.
        let factor = board.decide(
            celsius: index % 7 == 0 ? (index % 2 == 0 ? 125 : -30) : 60, entropy: 0.5, value: 0.5
        ).factor
        #expect(abs(factor - calm) < 0.02)
    }
}

@Test func aQuantisedReadingDoesNotRewriteTheLimitEachCycle() {
    var board = Settled(celsius: 70)
    var factors: Set<Double> = []
    for index in 0..<100 {
        let reading = 70 + (index * 7 % 3 == 0 ? 0.54 : 0)
        factors.insert(board.decide(celsius: reading, entropy: 0.5, value: 0.5).factor)
    }
    #expect(factors.count <= 3)
}

@Suite struct ActuatorTests {
    @Test func downAtOnceUpAfterTheDwell() {
        var actuators = Actuators()
        #expect(actuators.factor(0.5, nowMs: 0) == 0.5)
        #expect(actuators.factor(0.9, nowMs: 1_000) == 0.5)
        #expect(actuators.factor(0.4, nowMs: 1_500) == 0.4)
        #expect(actuators.factor(0.9, nowMs: 3_000) == 0.4)
        #expect(actuators.factor(0.9, nowMs: 1_500 + Actuators.factorDwellMs) == 0.9)
        // Generosity that was never a cut needs no dwell.
        #expect(actuators.factor(1.5, nowMs: 9_000) == 1.5)
        #expect(actuators.factor(1.2, nowMs: 9_001) == 1.2)
        #expect(actuators.factor(1.6, nowMs: 9_002) == 1.6)
    }

    @Test func theDeadBandIsNoMovementAndNeutralIsExact() {
        var actuators = Actuators()
        #expect(actuators.factor(0.8, nowMs: 0) == 0.8)
        #expect(actuators.factor(0.803, nowMs: 60_000) == 0.8)
        #expect(actuators.factor(0.82, nowMs: 60_000) == 0.82)
        #expect(actuators.factor(0.995, nowMs: 90_000) == 0.995)
        #expect(actuators.factor(1, nowMs: 90_000) == 1)
        #expect(actuators.ceiling(1_000_000) == 1_000_000)
        #expect(actuators.ceiling(1_005_000) == 1_000_000)
        #expect(actuators.ceiling(1_020_000) == 1_020_000)
    }
}

@Suite struct FlappingTests {
    @Test func hardwareThatFlapsCollapsesOnce() {
        var other = pi4
        other.serial = "10000000ffffffff"
        var board = Settled()
        var states: [OperatingState] = []
        for index in 0..<20 { states.append(board.decide(hardware: index % 2 == 0 ? other : pi4).state) }
        #expect(states[0] == .collapsed)
        #expect(states.count { $0 == .collapsed } == 1)
        #expect(states.last == .decoherent)
        // Quiet for longer than the window: coherent again.
        board.ms += Observer.flapMs
        #expect(board.decide(times: 5).state == .coherent)
        // And a change after that is news.
        #expect(board.decide(hardware: other).state == .collapsed)
    }
}
