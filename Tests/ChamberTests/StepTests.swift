// Readings between samples: what they tell the thermal model, and what becomes of bad ones.

import Model
import Testing

@testable import Chamber

@Suite struct StepTests {
    /// A board sampled each ten seconds whose load changes within them, with or without steps each two.
    private func run(withSteps: Bool, tellingLoad: Bool = true) -> (Chamber, TestPlant) {
        var chamber = Chamber()
        var plant = TestPlant(baseC: 50)
        for cycle in 0..<60 {
            var sample = sample(atMs: Int64(cycle + 1) * 10_000)
            var busy = 0.0
            for part in 0..<5 {
                let load = changingLoad(cycle * 13 + part * 9)
                plant.run(seconds: 2, load: load)
                busy += load / 5
                guard withSteps, part < 4 else { continue }
                sample.thermalSteps.append(
                    ThermalStep(
                        monotonicMs: Int64(cycle) * 10_000 + Int64(part + 1) * 2_000,
                        temperatureMilliC: Int(plant.readingC() * 1000),
                        busyShare: tellingLoad ? load : nil))
            }
            sample.zones[0].temperatureMilliC = Int(plant.readingC() * 1000)
            sample.busyShare = busy
            _ = chamber.decide(input(sample), .builtIn)
        }
        return (chamber, plant)
    }

    private func input(_ sample: Sample) -> ChamberInput {
        ChamberInput(
            hardware: pi4, sample: sample, signals: Signals(entropy: 0.5, value: 0.5),
            poolPressure: 0)
    }

    @Test func theyTeachTheModelWhatSamplesAloneCannot() throws {
        let (stepped, plant) = run(withSteps: true)
        let fit = try #require(stepped.status.thermalFit)
        #expect(abs(fit.fastRiseC - plant.fastC.rise) < 2)
        #expect(abs(fit.slowRiseC - plant.slowC.rise) < 4)
        let (coarse, _) = run(withSteps: false)
        let far = try #require(coarse.status.thermalFit)
        func missed(_ fit: ThermalModel.Fit) -> Double {
            abs(fit.fastRiseC - plant.fastC.rise) + abs(fit.slowRiseC - plant.slowC.rise)
        }
        #expect(missed(fit) < missed(far))
        // Without their own load the sample's mean stands for each.
        let (blind, _) = run(withSteps: true, tellingLoad: false)
        #expect(missed(fit) < missed(try #require(blind.status.thermalFit)))
    }

    @Test func theRestOfTheSampleGetsTheRestOfItsLoad() {
        // One core-second in ten, all of it in the last two seconds: the steps say so.
        var chamber = Chamber()
        var first = sample(atMs: 10_000, celsius: 50)
        first.busyShare = 0
        _ = chamber.decide(input(first), .builtIn)
        var second = sample(atMs: 20_000, celsius: 55)
        second.busyShare = 0.2
        second.thermalSteps = (1...4).map {
            ThermalStep(monotonicMs: 10_000 + $0 * 2_000, temperatureMilliC: 50_000, busyShare: 0)
        }
        _ = chamber.decide(input(second), .builtIn)
        #expect(abs(chamber.forecast.model.load - 1) < 1e-9)
    }

    @Test func stepsOutOfPlaceArePassedOver() {
        func decided(_ steps: [ThermalStep]) -> (Decision, Double) {
            var chamber = Chamber()
            var decision = Decision()
            for cycle in 1...6 {
                var sample = sample(atMs: Int64(cycle) * 10_000, celsius: 60)
                sample.busyShare = 0.5
                if cycle == 6 { sample.thermalSteps = steps }
                decision = chamber.decide(input(sample), .builtIn)
            }
            return (decision, chamber.forecast.model.ageS)
        }
        let plain = decided([])
        func step(_ ms: Int64) -> ThermalStep {
            ThermalStep(monotonicMs: ms, temperatureMilliC: 90_000, busyShare: 1)
        }
        // Before the last sample, after this one, at the very instants, at the ends of time.
        let odd = decided([step(1), step(.min), step(50_000), step(60_000), step(70_000), step(.max)])
        #expect(odd.0 == plain.0)
        #expect(odd.1 == plain.1)
        // One step in place, given twice, counts once.
        let once = decided([step(54_000)])
        #expect(decided([step(54_000), step(54_000)]).0 == once.0)
        // A failed reading moves the model on and teaches nothing.
        let failed = decided([
            ThermalStep(monotonicMs: 54_000, temperatureMilliC: nil, busyShare: 0.5)
        ])
        #expect(failed.1 == plain.1)
        #expect(failed.0.factor == plain.0.factor)
    }

    @Test func theHotShareOfTheWindowIsWhatTheStepsSaw() {
        var chamber = Chamber()
        for cycle in 1...8 {
            var sample = sample(atMs: Int64(cycle) * 10_000, celsius: 70)
            sample.busyShare = 0.5
            _ = chamber.decide(input(sample), .builtIn)
        }
        #expect(chamber.hotShare == 0)
        var hot = sample(atMs: 90_000, celsius: 130)
        hot.busyShare = 0.5
        hot.thermalSteps = (1...4).map {
            ThermalStep(
                monotonicMs: 80_000 + $0 * 2_000, temperatureMilliC: $0 < 2 ? 70_000 : 130_000,
                busyShare: 0.5)
        }
        _ = chamber.decide(input(hot), .builtIn)
        // A jump is believed at the third reading: two seconds of the step, two of the sample.
        #expect(abs(chamber.hotShare - 0.4) < 1e-9)
    }
}
