// The forecast of the temperature, and what its own measured error says of it.
//
// The two-pole model (`ThermalModel`) speaks where the heat made is known and it is old enough; until
// then, and on boards that don't tell their load, level and trend do (Holt). Two errors are measured:
// of the next reading, and of the reading a guard time ahead. For the second, an outlook is set aside,
// carried forward with the heat that was really made, and compared with what the sensor shows then:
// so a change of load isn't taken for an error of the model.

import Phi

struct ThermalForecast: Sendable {
    /// Errors at or above this mean give no confidence (°C). Sensors step by 0.5 °C.
    static let errorFullC = 5.0
    /// Predictions before the predictor counts as measured.
    static let provenAfter = 3
    /// How far ahead the set-aside outlook is judged, s.
    static let judgedAfterS = 30.0
    /// Outlooks of a model younger than this are no measure of what it becomes, s.
    static let judgedFromS = 20.0
    /// A model this far off, °C, is asked for nothing: the reading alone counts.
    static let discreditedErrorC = 3.0
    /// Time constants of the die's mean and of a ripple's memory, s.
    static let dieMeanTauS = 30.0
    static let rippleTauS = 60.0
    private static let levelGain = 0.5
    private static let trendGain = 0.2
    private static let errorGain = 0.2
    private static let biasGain = 0.1

    private var level = 0.0
    /// °C per second.
    private var trend = 0.0
    private var lastMs: Int64 = 0
    private var observations = 0
    /// Of the next reading, °C.
    private(set) var nextErrorC = 0.0
    /// Of the reading a guard time ahead, °C; nil before the first was judged.
    private(set) var aheadErrorC: Double?
    /// Its sign kept: above 0 where the sensor shows more than was foretold, °C.
    private(set) var aheadBiasC = 0.0
    /// What the die lately rose by above its mean, by the model, °C: the ripple of mixed frequency steps.
    private(set) var rippleC = 0.0
    private var dieMeanC = 0.0
    private(set) var model: ThermalModel
    private var aside: ThermalOutlook?
    private var asideS = 0.0
    /// The load is known: the model may speak.
    private var knowsLoad = false

    init(model: ThermalModel = ThermalModel()) { self.model = model }

    /// - Parameters:
    ///   - temperatureC: the corrected reading.
    ///   - accepted: the reading itself, nil where it was rejected.
    ///   - load: heat share since the last call, nil where it can't be known.
    ///
    /// A reading that doesn't lie later than the last one is ignored.
    mutating func note(temperatureC: Double, accepted: Double?, load: Double?, nowMs: Int64) {
        knowsLoad = load != nil
        if let load {
            judge(temperatureC: accepted, load: load, elapsedS: Double(nowMs - lastMs) / 1000)
            model.note(temperatureC: accepted, load: load, nowMs: nowMs)
            noteRipple(elapsedS: Double(nowMs - lastMs) / 1000)
            if aside == nil, model.ageS >= Self.judgedFromS {
                aside = model.outlook
                asideS = 0
            }
        }
        follow(temperatureC: temperatureC, nowMs: nowMs)
    }

    /// The sensor is silent: the model's course is all there is.
    mutating func pass(load: Double?, nowMs: Int64) {
        aside = nil
        if let load { model.note(temperatureC: nil, load: load, nowMs: nowMs) }
    }

    private mutating func follow(temperatureC: Double, nowMs: Int64) {
        defer { observations += 1 }
        guard observations > 0 else {
            level = temperatureC
            lastMs = nowMs
            return
        }
        let elapsedS = Double(nowMs - lastMs) / 1000
        guard elapsedS > 0 else { return }
        lastMs = nowMs
        let predicted = level + trend * elapsedS
        let error = abs(temperatureC - predicted)
        nextErrorC = observations == 1 ? error : nextErrorC + Self.errorGain * (error - nextErrorC)
        let before = level
        level = predicted + Self.levelGain * (temperatureC - predicted)
        trend += Self.trendGain * ((level - before) / elapsedS - trend)
    }

    private mutating func noteRipple(elapsedS: Double) {
        guard let outlook = model.outlook, elapsedS > 0 else { return }
        let dieC = outlook.fastRiseC * outlook.fast
        dieMeanC += elapsedS / (Self.dieMeanTauS + elapsedS) * (dieC - dieMeanC)
        rippleC = max(dieC - dieMeanC, rippleC * Self.rippleTauS / (Self.rippleTauS + elapsedS))
    }

    private mutating func judge(temperatureC: Double?, load: Double, elapsedS: Double) {
        guard aside != nil, elapsedS > 0 else { return }
        aside?.advance(seconds: elapsedS, load: load)
        asideS += elapsedS
        guard asideS >= Self.judgedAfterS, let temperatureC, let then = aside?.nowC else { return }
        let error = abs(temperatureC - then)
        aheadBiasC += Self.biasGain * (temperatureC - then - aheadBiasC)
        aheadErrorC = aheadErrorC.map { $0 + Self.errorGain * (error - $0) } ?? error
        aside = nil
    }

    /// 1 for a predictor without error, 0 for one that isn't proven or is 5 °C off on average.
    var quality: Double {
        guard observations > Self.provenAfter else { return 0 }
        return clamp(1 - max(nextErrorC, aheadErrorC ?? 0) / Self.errorFullC, 0...1)
    }

    /// The model's course where it has been judged and found good (mean error under two steps of the
    /// sensor); else nil.
    var provenOutlook: ThermalOutlook? { isProven ? model.outlook : nil }

    var isProven: Bool { knowsLoad && (aheadErrorC ?? .infinity) < 1.5 }

    /// What a heat budget may be made of, proven or not: the less it is, the wider its margin.
    var cautiousOutlook: ThermalOutlook? {
        knowsLoad && (aheadErrorC ?? 0) < Self.discreditedErrorC ? model.outlook : nil
    }

    /// nil before the predictor is proven.
    func temperatureC(inS seconds: Double) -> Double? {
        if let outlook = provenOutlook {
            return outlook.temperatureC(inS: seconds, load: model.load)
        }
        guard observations > Self.provenAfter else { return nil }
        return level + trend * seconds
    }

    /// Seconds until `limitC` with the heat held as it is: nil when it isn't reached in sight.
    func secondsTo(_ limitC: Double) -> Double? {
        if isProven, model.outlook != nil { return model.secondsTo(limitC, load: model.load) }
        guard observations > Self.provenAfter else { return nil }
        if level >= limitC { return 0 }
        guard trend > 0 else { return nil }
        let seconds = (limitC - level) / trend
        return seconds <= ThermalOutlook.horizonS ? seconds : nil
    }
}
