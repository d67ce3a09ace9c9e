// The online thermal model on a plant of its own (two poles by small steps, no shared code).

import Model
import Phi
import Testing

@testable import Chamber

/// Two poles, explicit Euler at 50 ms: independent of the product's exponentials.
struct TestPlant {
    var baseC: Double
    var fastC = (rise: 9.0, tau: 3.0)
    var slowC = (rise: 20.0, tau: 110.0)
    var fast = 0.0
    var slow = 0.0
    var state: UInt64 = 88_172_645_463_325_252

    var trueC: Double { baseC + fast + slow }

    mutating func run(seconds: Double, load: Double) {
        for _ in 0..<Int(seconds * 20) {
            fast += 0.05 * (load * fastC.rise - fast) / fastC.tau
            slow += 0.05 * (load * slowC.rise - slow) / slowC.tau
        }
    }

    /// Noise of about 0.3 °C and steps of 0.54 °C.
    mutating func readingC() -> Double {
        var sum = 0.0
        for _ in 0..<4 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            sum += Double(state >> 11) * 0x1p-53 - 0.5
        }
        return ((trueC + 0.52 * sum) / 0.54).rounded() * 0.54
    }
}

/// A load that changes every forty seconds.
func changingLoad(_ second: Int) -> Double { [0.1, 0.9, 0.4, 1, 0, 0.7][second / 40 % 6] }

@Suite struct ThermalModelTests {
    private func learned(_ plant: inout TestPlant, seconds: Int = 600) -> ThermalModel {
        var model = ThermalModel()
        model.note(temperatureC: plant.readingC(), load: 0, nowMs: 0)
        for second in 1...seconds {
            let load = changingLoad(second)
            plant.run(seconds: 1, load: load)
            model.note(temperatureC: plant.readingC(), load: load, nowMs: Int64(second) * 1000)
        }
        return model
    }

    @Test func itFindsTheBoardsRises() throws {
        var plant = TestPlant(baseC: 50)
        let fit = try #require(learned(&plant).fit)
        #expect(abs(fit.fastRiseC - 9) < 1.5)
        #expect(abs(fit.slowRiseC - 20) < 3)
        #expect(abs(fit.baseC - 50) < 1)
        #expect((60...200).contains(fit.slowTauS))
        // Another board gives another fit.
        var cooler = TestPlant(baseC: 40, fastC: (4, 3), slowC: (10, 110))
        let other = try #require(learned(&cooler).fit)
        #expect(abs(other.fastRiseC - 4) < 1.5)
        #expect(abs(other.slowRiseC - 10) < 3)
    }

    @Test func secondsToTheLimitAreRightOnACrossingThatComes() throws {
        var plant = TestPlant(baseC: 58)
        let model = learned(&plant, seconds: 320)
        let answer = try #require(model.secondsTo(80, load: 1))
        var truth = 0.0
        while plant.trueC < 80, truth < 900 {
            plant.run(seconds: 0.5, load: 1)
            truth += 0.5
        }
        #expect(abs(answer - truth) / truth < 0.25, "\(answer) for \(truth)")
        // Less load, later; little load, never.
        #expect(try #require(model.secondsTo(80, load: 0.95)) > answer)
        #expect(model.secondsTo(80, load: 0.3) == nil)
        #expect(model.secondsTo(40, load: 0) == 0)
    }

    @Test func allowedHeatFallsAsTheBoardWarmsAndAsTheLimitFalls() throws {
        var plant = TestPlant(baseC: 58)
        var model = learned(&plant, seconds: 320)
        let cool = try #require(model.outlook).loadAllowed(80, inS: 10)
        #expect(try #require(model.outlook).loadAllowed(76, inS: 10) < cool)
        for second in 321...420 {
            plant.run(seconds: 1, load: 1)
            model.note(temperatureC: plant.readingC(), load: 1, nowMs: Int64(second) * 1000)
        }
        let warm = try #require(model.outlook).loadAllowed(80, inS: 10)
        #expect(warm < cool)
        // And it keeps its promise.
        let held = min(1, warm)
        plant.run(seconds: 10, load: held)
        #expect(plant.trueC < 80.6)
    }

    @Test func steadyDaysUnlearnNothingAndADriftIsNoHeat() throws {
        var plant = TestPlant(baseC: 45)
        var model = learned(&plant)
        let before = try #require(model.fit)
        for second in 601...15_000 {
            plant.baseC += 0.001
            plant.run(seconds: 1, load: 0.6)
            model.note(temperatureC: plant.readingC(), load: 0.6, nowMs: Int64(second) * 1000)
        }
        let after = try #require(model.fit)
        #expect(abs(after.slowRiseC - before.slowRiseC) < 2)
        #expect(abs(after.baseC - plant.baseC) < 2)
    }

    @Test func absurdInputNeitherTrapsNorSpeaks() {
        var model = ThermalModel()
        model.note(temperatureC: .nan, load: .nan, nowMs: 0)
        #expect(model.fit == nil)
        for (index, value) in [Double.infinity, -1e300, 1e300, .nan, 50].enumerated() {
            model.note(temperatureC: value, load: value, nowMs: Int64(index) * 1000)
        }
        model.note(temperatureC: 50, load: 1, nowMs: Int64.max - 1)
        model.note(temperatureC: 50, load: 1, nowMs: 0)
        // It began anew at the last reading, and is too young to speak.
        #expect(model.outlook == nil)
        #expect(model.secondsTo(.nan, load: .nan) == nil)
    }
}

@Suite struct HeatTests {
    /// A chamber that has learned the plant at one reading a second.
    private func hotBoard(_ plant: inout TestPlant, seconds: Int = 400) -> (Chamber, Int64) {
        var chamber = Chamber()
        var ms: Int64 = 0
        for second in 0..<seconds {
            ms += 1000
            let load = changingLoad(second)
            plant.run(seconds: 1, load: load)
            _ = chamber.decide(input(plant.readingC(), load, ms), .builtIn)
        }
        return (chamber, ms)
    }

    private func input(_ celsius: Double?, _ busy: Double, _ ms: Int64) -> ChamberInput {
        var sample = sample(atMs: ms, celsius: celsius)
        sample.busyShare = busy
        return ChamberInput(
            hardware: pi4, sample: sample, signals: Signals(entropy: 0.5, value: 0.5),
            poolPressure: 0)
    }

    @Test func theBudgetHoldsTheSoftLimit() throws {
        var plant = TestPlant(baseC: 60)
        var (chamber, ms) = hotBoard(&plant)
        var free = plant
        var busy = 1.0
        var above = (held: 0, free: 0)
        var work = 0.0
        for _ in 0..<1200 {
            ms += 1000
            plant.run(seconds: 1, load: busy)
            free.run(seconds: 1, load: 1)
            work += busy
            if plant.trueC > 80 { above.held += 1 }
            if free.trueC > 80 { above.free += 1 }
            let decision = chamber.decide(input(plant.readingC(), busy, ms), .builtIn)
            #expect(decision.isApplicable)
            busy = min(1, decision.factor)
        }
        #expect(above.free > 800)
        #expect(above.held <= above.free / 50)
        // 69 % of the heat holds 80 °C for ever on this plant: nearly all of it is used.
        #expect(work / 1200 > 0.64)
        #expect(try #require(chamber.status.heatShare) < 0.8)
    }

    @Test func aWarmBoardThatStaysWarmIsNotHeldBackOnceItsModelIsProven() {
        // 74 °C at full load, for ever: the reading alone would vote for less.
        var plant = TestPlant(baseC: 45)
        var (chamber, ms) = hotBoard(&plant)
        var last = Decision()
        for _ in 0..<400 {
            ms += 1000
            plant.run(seconds: 1, load: 1)
            last = chamber.decide(input(plant.readingC(), 1, ms), .builtIn)
        }
        #expect(plant.trueC > 72)
        #expect(last.factor == 1)
        var blind = Settled(celsius: 74)
        #expect(blind.decide(celsius: 74, entropy: 0.5, value: 0.5).factor < 1)
    }

    @Test func protectionOutlivesItsSensorForTheStatedTimeAndNoLonger() {
        var board = Settled(celsius: 79)
        let hot = board.decide(celsius: 79)
        #expect(hot.factor < 1)
        let lost = board.decide(celsius: nil)
        #expect(lost.state == .superposed)
        #expect(lost.factor <= hot.factor + 0.01)
        #expect(lost.isApplicable)
        #expect(lost.triggers.contains(.thermalMirror))
        board.ms += Protection.holdMs - 5_000
        #expect(board.decide(celsius: nil).factor < 1)
        board.ms += 10_000
        let released = board.decide(celsius: nil)
        #expect(released.factor == 1)
        #expect(!released.isApplicable)
        // Nothing is held where nothing was hot.
        var cool = Settled(celsius: 45)
        #expect(!cool.decide(celsius: nil).isApplicable)
    }

    @Test func aStuckSensorIsFoundOutAndMistrusted() {
        var plant = TestPlant(baseC: 50)
        var (chamber, ms) = hotBoard(&plant)
        let stuckAt = plant.readingC()
        var found: Int?
        var decision = Decision()
        for second in 0..<120 where found == nil {
            ms += 1000
            decision = chamber.decide(input(stuckAt, second < 3 ? 0 : 1, ms), .builtIn)
            if chamber.status.isSensorStuck { found = second }
        }
        #expect(found.map { $0 < 60 } == true)
        #expect(decision.state == .superposed)
        // A reading that moves is believed again.
        ms += 1000
        _ = chamber.decide(input(stuckAt + 2, 1, ms), .builtIn)
        #expect(!chamber.status.isSensorStuck)
    }

    @Test func aSteadySensorAtSteadyLoadIsNotTakenForStuck() {
        var plant = TestPlant(baseC: 50)
        var (chamber, ms) = hotBoard(&plant)
        for _ in 0..<600 {
            ms += 1000
            plant.run(seconds: 1, load: 0.5)
        }
        for _ in 0..<600 {
            ms += 1000
            _ = chamber.decide(input(62, 0.5, ms), .builtIn)
            #expect(!chamber.status.isSensorStuck)
        }
    }

    @Test func thePredictorsQualityFollowsItsMeasuredError() throws {
        var plant = TestPlant(baseC: 50)
        var (chamber, ms) = hotBoard(&plant)
        let good = chamber.decide(input(plant.readingC(), changingLoad(400), ms + 1000), .builtIn)
        let error = try #require(chamber.status.forecastErrorC)
        #expect(error < 1)
        // The load is lied about: what is foretold no longer comes.
        var worst = 1.0
        for second in 0..<240 {
            ms += 1000
            plant.run(seconds: 1, load: changingLoad(second + 40))
            let decision = chamber.decide(
                input(plant.readingC(), changingLoad(second + 160), ms + 1000), .builtIn)
            worst = min(worst, decision.confidence.predictorQuality)
        }
        #expect(worst < good.confidence.predictorQuality - 0.1)
        #expect(try #require(chamber.status.forecastErrorC) > error)
    }
}
