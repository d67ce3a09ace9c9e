// Surroundings that warm while the board is held at its limit: less and less heat at one and the same
// temperature must not teach the model that heat does nothing.

import Model
import Phi
import Testing

@testable import Chamber

@Suite struct DriftTests {
    /// The chamber in the loop for an hour in which the room warms by 20 °C.
    private func held() -> (Chamber, TestPlant, above: Int, last: Decision) {
        var chamber = Chamber()
        var plant = TestPlant(baseC: 42)
        var busy = 0.0
        var above = 0
        var last = Decision()
        for second in 1...4200 {
            if second > 600 { plant.baseC += 20.0 / 3600 }
            plant.run(seconds: 1, load: busy)
            if plant.trueC > 80 { above += 1 }
            var sample = sample(atMs: Int64(second) * 1000, celsius: plant.readingC())
            sample.busyShare = busy
            last = chamber.decide(
                ChamberInput(
                    hardware: pi4, sample: sample, signals: Signals(entropy: 0.5, value: 0.5),
                    poolPressure: 0), .builtIn)
            busy = second < 600 ? changingLoad(second) : min(1, last.factor)
        }
        return (chamber, plant, above, last)
    }

    @Test func theModelKeepsItsBoardAndTheBoardItsLimit() throws {
        let (chamber, plant, above, last) = held()
        let fit = try #require(chamber.status.thermalFit)
        #expect(abs(fit.fastRiseC - plant.fastC.rise) < 3)
        #expect(abs(fit.slowRiseC - plant.slowC.rise) < 6)
        #expect(abs(fit.baseC - plant.baseC) < 5)
        #expect(above < 36)
        #expect(last.factor < 0.75)
        // The drift itself was found: 20 °C an hour.
        #expect(abs(chamber.forecast.model.driftCPerS - 20.0 / 3600) < 0.003)
    }

    @Test func warmingSurroundingsLeaveLessRoomAndRippleToo() {
        let outlook = ThermalOutlook(
            baseC: 60, fastRiseC: 9, slowRiseC: 20, fastTauS: 3.5, slowTauS: 125, fast: 0.65, slow: 0.65,
            pastC: 0)
        func share(
            error: Double = 0.28, bias: Double = 0, ripple: Double = 0, drift: Double = 0,
            limit: Double = 80, interval: Double = 1
        ) -> Double {
            HeatBudget.workShare(
                outlook, errorC: error, biasC: bias, rippleC: ripple, driftCPerS: drift, limitC: limit,
                intervalS: interval, scalesFrequency: false)
        }
        let calm = share()
        #expect(calm > 0.6 && calm < 0.75)
        #expect(share(error: 1) < calm)
        #expect(share(error: 0.1) == calm)
        #expect(share(bias: 0.5) < calm)
        #expect(share(ripple: 0.2) < calm)
        #expect(share(ripple: 5) == share(ripple: HeatBudget.rippleMostC))
        #expect(share(drift: 0.005) < calm)
        #expect(share(drift: -0.005) == calm)
        #expect(share(limit: 75) < calm)
        #expect(share(interval: 10) < calm)
        // Never below what is always left.
        #expect(share(limit: 40) == HeatBudget.workLeast)
    }
}
