// "Seconds to 80 °C", put to the test: five minutes of ordinary, changing load to learn the board by,
// then a load that is held and crosses 80 °C; sixty seconds before the true crossing the model is asked.

import Chamber
import Phi
import Simulation

public struct PredictionResult: Sendable {
    public var trials = 0
    /// Asked too soon: the crossing came within 60 s of the load's beginning.
    public var tooSoon = 0
    public var neverCrossed = 0
    /// Relative errors of the answers, |answer − 60| / 60; 10 for "not in sight".
    public var errors: [Double] = []

    public var withinFifth: Double {
        errors.isEmpty ? 0 : Double(errors.count { $0 <= 0.2 }) / Double(errors.count)
    }

    public var medianError: Double { errors.isEmpty ? 0 : errors.sorted()[errors.count / 2] }
}

public enum PredictionTrial {
    public static let identificationS = 300.0
    public static let askedBeforeS = 60.0

    /// - Parameters:
    ///   - ambientC: of the trials, drawn evenly.
    ///   - intervalS: between two times that the model is asked.
    ///   - stepS: between two readings; nil for none but those.
    public static func run(
        _ board: HeatBoard, count: Int, ambientC: ClosedRange<Double>, intervalS: Double,
        stepS: Double? = nil, seed: UInt64
    ) -> PredictionResult {
        var random = SeededRandom(seed: seed)
        var result = PredictionResult()
        while result.trials < count, result.neverCrossed < 50 * count {
            let ambient = random.uniform(ambientC)
            one(
                board, ambientC: ambient, intervalS: intervalS, stepS: stepS ?? intervalS,
                seed: random.next(), &result)
        }
        return result
    }

    private static func one(
        _ board: HeatBoard, ambientC: Double, intervalS: Double, stepS: Double, seed: UInt64,
        _ result: inout PredictionResult
    ) {
        var random = SeededRandom(seed: seed)
        var plant = ThermalPlant(
            board.thermal, ambientOffsetC: ambientC - HeatBoard.fittedAmbientC)
        var model = ThermalModel()
        var filter = SensorFilter(step: 0.54)
        let tick = HeatRun.tickS
        let perStep = Int((stepS / tick).rounded())
        let perInterval = Int((intervalS / tick).rounded())
        var load = 0.0
        var phaseLeftS = 0.0
        var crossing: Double?
        // The answers given at each reading, and when.
        var answers: [(atS: Double, seconds: Double?)] = []
        var heat = 0.0
        let endS = identificationS + 1800
        // The board was idle when its agent started, and its load average said so.
        model.note(
            temperatureC: filter.note(Double(plant.sensorMilliC(&random)) / 1000, nowMs: 0), load: 0,
            nowMs: 0)
        for index in 1...Int(endS / tick) {
            let timeS = Double(index) * tick
            if timeS <= identificationS {
                phaseLeftS -= tick
                if phaseLeftS <= 0 {
                    phaseLeftS = random.uniform(20...80)
                    load = random.uniform() < 0.33 ? 0.02 : random.uniform(0.2...1)
                }
            } else if answers.isEmpty, load != 1 {
                load = 1
            }
            plant.step(seconds: tick, load: load)
            heat += load / Double(perStep)
            if timeS > identificationS, plant.temperatureC >= HeatRun.limitC {
                crossing = timeS
                break
            }
            // Too hot already while learning: no crossing to foretell.
            if plant.temperatureC >= HeatRun.limitC { break }
            if index % perStep == 0 {
                let ms = Int64(timeS * 1000)
                filter.note(Double(plant.sensorMilliC(&random)) / 1000, nowMs: ms)
                model.note(temperatureC: filter.accepted, load: heat, nowMs: ms)
                heat = 0
                if timeS > identificationS, index % perInterval == 0 {
                    answers.append(
                        (timeS, model.secondsTo(HeatRun.limitC, load: load)))
                }
            }
        }
        guard let crossing else {
            result.neverCrossed += 1
            return
        }
        // The first reading at or after the moment, and what was left from there.
        guard crossing - askedBeforeS > identificationS,
            let answer = answers.last(where: { $0.atS <= crossing - askedBeforeS })
        else {
            result.tooSoon += 1
            return
        }
        result.trials += 1
        let truth = crossing - answer.atS
        result.errors.append(answer.seconds.map { abs($0 - truth) / truth } ?? 10)
    }
}
