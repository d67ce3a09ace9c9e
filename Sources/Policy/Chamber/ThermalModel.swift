// How this board heats, learned from its own readings while it works.
//
// A board is two first-order poles (the die: seconds; the board or heatsink: minutes) above an
// ambient nobody tells us:
//
//     T = b + Rf·φf + Rs·φs + c·e^(−t/τs),   φ' = (u − φ)/τ
//
// u is the heat made, as a share of what all cores make at the top frequency; c·e^(−t/τs) is the
// heat that was in the board before we looked. With the time constants given, T is linear in
// (b, Rf, Rs, c): so a bank of 3 × 8 pairs of time constants runs recursive least squares with a
// random walk in each parameter (a Kalman filter whose state is the parameters), and the pair with the
// least weighted innovations speaks. The regressors are made of the input alone, never of past
// readings, so the sensor's noise and its 0.54 °C steps don't bias the fit, as they do in the usual
// autoregressive form. A random walk instead of exponential forgetting: a board that runs steadily
// for a day unlearns nothing of its poles. A weak prior (single boards') speaks until the data do.
// Ljung, L.: System Identification (1999), ch. 11.
//
// b walks slowly, to leave the poles what is theirs; `offsetC`, an EWMA of the remaining error, follows
// an ambient that drifts faster.

import Phi

public struct ThermalModel: Sendable {
    static let fastTausS = [1.5, 3.5, 9.0]
    static let slowTausS = [50.0, 68, 92, 125, 170, 240, 350, 520]
    /// Half-life of an innovation's weight in the choice of the pair, s.
    static let halfLifeS = 900.0
    /// Readings before this age of the model are too few to speak, s.
    public static let speaksAfterS = 5.0
    /// A longer gap between readings tells too little of what happened in it: begin anew, s.
    static let gapMaxS = 600.0
    /// Time constant of the offset's EWMA, s.
    static let offsetTauS = 45.0
    /// Poles this close to the heat are at rest: nothing is to be learned of them.
    static let excitedLeast = 0.05
    /// What a rise can be, °C: a fit beyond it has taken something else for the board's heat.
    static let riseLimitsC = 0.5...60.0
    /// Pairs whose cost is within this of the best one's still have a say: e^(−3) of its weight.
    static let likelyWithin = 6.0
    /// Variance of a reading, °C²: noise of 0.31 °C and steps of 0.54 °C.
    static let readingVariance = 0.12
    /// Walks: °C² per second. b: 0.2 °C in an hour's root; rises: 0.02 °C.
    static let baseWalk = 1e-5
    static let riseWalk = 1e-7
    /// An offset beyond this, °C, means that the surroundings jumped (a case was closed, the sun came
    /// round), not that the board changed: the base is let go by this much variance per °C² and second.
    static let jumpLeastC = 0.6
    static let jumpWalk = 0.02
    private static let basePriorDeviationC = 15.0
    private static let fastPriorDeviationC = 5.0
    private static let slowPriorDeviationC = 10.0
    private static let pastPriorDeviationC = 4.0

    /// The pair that speaks, and its figures.
    public struct Fit: Equatable, Sendable {
        public internal(set) var fastTauS: Double
        public internal(set) var slowTauS: Double
        /// Temperature without heat, °C.
        public internal(set) var baseC: Double
        /// Rise at full heat, °C.
        public internal(set) var fastRiseC: Double
        public internal(set) var slowRiseC: Double
        /// What the past left in the slow pole at the model's start, °C.
        public internal(set) var pastC: Double
    }

    /// What the fit doesn't explain lately, °C: sun, a neighbour, a warming room.
    public private(set) var offsetC = 0.0
    /// Heat share of the last step.
    public private(set) var load = 0.0
    /// Seconds observed.
    public private(set) var ageS = 0.0

    private var fast: [Double]
    private var slow: [Double]
    private var past: [Double]
    private var keepFast: [Double]
    private var keepSlow: [Double]
    private var keepWeight = 1.0
    private var keepOffset = 1.0
    private var keepForMs: Int64 = -1
    private var lastMs: Int64?
    private var pairs: [Pair]
    private var best = 0
    /// Rises at full heat that are believed before the data speak, °C.
    private let fastPriorC: Double
    private let slowPriorC: Double

    /// - Parameters:
    ///   - fastPriorC: the fast pole's rise at full heat, °C, as an earlier run learned it; else a
    ///     figure of single boards.
    ///   - slowPriorC: the slow pole's.
    public init(fastPriorC: Double = 8, slowPriorC: Double = 18) {
        self.fastPriorC = fastPriorC
        self.slowPriorC = slowPriorC
        let fasts = [Double](repeating: 0, count: Self.fastTausS.count)
        let slows = [Double](repeating: 0, count: Self.slowTausS.count)
        fast = fasts
        slow = slows
        past = slows
        keepFast = fasts
        keepSlow = slows
        pairs = []
    }

    /// Takes the heat made since the last call and the reading at its end.
    /// - Parameters:
    ///   - temperatureC: nil for a reading that was rejected: the state moves on without it.
    ///   - load: heat as a share of full heat, 0…1.
    public mutating func note(temperatureC: Double?, load: Double, nowMs: Int64) {
        let load = clamp(load, 0...1)
        guard let last = lastMs, nowMs - last <= Int64(Self.gapMaxS * 1000) else {
            guard let temperatureC, temperatureC.isFinite else { return }
            self = ThermalModel(fastPriorC: fastPriorC, slowPriorC: slowPriorC)
            start(temperatureC, load: load, nowMs: nowMs)
            return
        }
        guard nowMs > last else { return }
        lastMs = nowMs
        self.load = load
        let seconds = Double(nowMs - last) / 1000
        advance(stepMs: nowMs - last, seconds)
        guard let temperatureC, temperatureC.isFinite else { return }
        let jump = abs(offsetC) > Self.jumpLeastC ? Self.jumpWalk * offsetC * offsetC : 0
        let walk = (Self.baseWalk + jump) * seconds
        var index = 0
        for i in fast.indices {
            for j in slow.indices {
                let f = fast[i]
                let s = slow[j]
                if abs(load - f) >= Self.excitedLeast || abs(load - s) >= Self.excitedLeast
                    || past[j] >= Self.excitedLeast
                {
                    pairs[index].note(
                        temperatureC, f, s, past[j], walk: walk, seconds: seconds, keep: keepWeight)
                } else {
                    pairs[index].rest(
                        temperatureC, f, s, past[j], walk: walk, keep: keepWeight)
                }
                index += 1
            }
        }
        for pair in pairs.indices where pairs[pair].cost < pairs[best].cost { best = pair }
        offsetC += (1 - keepOffset) * (temperatureC - fittedC - offsetC)
    }

    private mutating func start(_ temperatureC: Double, load: Double, nowMs: Int64) {
        lastMs = nowMs
        self.load = load
        for index in fast.indices { fast[index] = load }
        for index in slow.indices {
            slow[index] = load
            past[index] = 1
        }
        var pair = Pair()
        pair.base = temperatureC - load * (fastPriorC + slowPriorC)
        pair.fastRise = fastPriorC
        pair.slowRise = slowPriorC
        func squared(_ deviation: Double) -> Double { deviation * deviation }
        pair.p00 = squared(Self.basePriorDeviationC)
        pair.p11 = squared(Self.fastPriorDeviationC)
        pair.p22 = squared(Self.slowPriorDeviationC)
        pair.p33 = squared(Self.pastPriorDeviationC)
        pairs = [Pair](repeating: pair, count: fast.count * slow.count)
    }

    private mutating func advance(stepMs: Int64, _ seconds: Double) {
        ageS += seconds
        if stepMs != keepForMs {
            keepForMs = stepMs
            for index in fast.indices { keepFast[index] = Self.keep(seconds, Self.fastTausS[index]) }
            for index in slow.indices { keepSlow[index] = Self.keep(seconds, Self.slowTausS[index]) }
            keepWeight = Phi.exp2(-seconds / Self.halfLifeS)
            keepOffset = Self.keep(seconds, Self.offsetTauS)
        }
        for index in fast.indices { fast[index] = load + (fast[index] - load) * keepFast[index] }
        for index in slow.indices {
            slow[index] = load + (slow[index] - load) * keepSlow[index]
            past[index] *= keepSlow[index]
        }
    }

    /// e^(−t/τ).
    static func keep(_ seconds: Double, _ tauS: Double) -> Double {
        Phi.exp2(-seconds / tauS * 1.4426950408889634)
    }

    /// What the fit says of this moment, without the offset, °C.
    private var fittedC: Double {
        let pair = pairs[best]
        let j = best % slow.count
        return pair.base + pair.fastRise * fast[best / slow.count] + pair.slowRise * slow[j]
            + pair.past * past[j]
    }

    /// nil before the first reading.
    public var fit: Fit? { pairs.isEmpty ? nil : fit(of: best) }

    private func fit(of index: Int) -> Fit {
        let pair = pairs[index]
        return Fit(
            fastTauS: Self.fastTausS[index / slow.count], slowTauS: Self.slowTausS[index % slow.count],
            baseC: pair.base + offsetC, fastRiseC: pair.fastRise, slowRiseC: pair.slowRise,
            pastC: pair.past)
    }

    /// The course from now on; nil while the model is too young, or its rises are no board's.
    public var outlook: ThermalOutlook? { pairs.isEmpty ? nil : outlook(of: best) }

    private func outlook(of index: Int) -> ThermalOutlook? {
        let fit = fit(of: index)
        guard ageS >= Self.speaksAfterS, fit.fastRiseC + fit.slowRiseC > 2 else { return nil }
        return ThermalOutlook(
            baseC: fit.baseC, fastRiseC: fit.fastRiseC, slowRiseC: fit.slowRiseC,
            fastTauS: fit.fastTauS, slowTauS: fit.slowTauS, fast: fast[index / slow.count],
            slow: slow[index % slow.count], pastC: fit.pastC * past[index % slow.count])
    }

    /// Seconds until `limitC` with the heat held at `load`: the mean of the likely pairs' answers,
    /// weighted by their likelihood. One pair alone would make the answer jump where two fit alike.
    public func secondsTo(_ limitC: Double, load: Double) -> Double? {
        guard !pairs.isEmpty else { return nil }
        let least = pairs[best].cost
        var weights = 0.0
        var rates = 0.0
        for index in pairs.indices where pairs[index].cost < least + Self.likelyWithin {
            guard let outlook = outlook(of: index) else { continue }
            let weight = Phi.exp2((least - pairs[index].cost) * 0.7213475204444817)
            weights += weight
            if let seconds = outlook.secondsTo(limitC, load: load) {
                if seconds <= 0 { return 0 }
                // Rates, since "not in sight" is a rate of nothing.
                rates += weight / seconds
            }
        }
        guard weights > 0, rates > 0 else { return nil }
        let seconds = weights / rates
        return seconds <= ThermalOutlook.horizonS ? seconds : nil
    }
}

/// One pair of time constants: its parameters (b, Rf, Rs, c), their covariance, and how well it has
/// foretold its readings.
struct Pair: Sendable {
    var base = 0.0
    var fastRise = 0.0
    var slowRise = 0.0
    var past = 0.0
    // The symmetric covariance, °C².
    var p00 = 0.0
    var p01 = 0.0
    var p02 = 0.0
    var p03 = 0.0
    var p11 = 0.0
    var p12 = 0.0
    var p13 = 0.0
    var p22 = 0.0
    var p23 = 0.0
    var p33 = 0.0
    /// Weighted sum of squared innovations over their variance.
    var cost = 0.0

    /// A reading while the poles are at rest: only the base can have moved.
    mutating func rest(
        _ temperatureC: Double, _ f: Double, _ s: Double, _ d: Double, walk: Double, keep: Double
    ) {
        p00 += walk
        let innovation = temperatureC - (base + fastRise * f + slowRise * s + past * d)
        let k = 1 / (ThermalModel.readingVariance + p00)
        cost = cost * keep + innovation * innovation * k
        base += p00 * k * innovation
        let left = 1 - p00 * k
        p00 *= left
        p01 *= left
        p02 *= left
        p03 *= left
    }

    /// One reading, with the regressors (1, f, s, d).
    mutating func note(
        _ temperatureC: Double, _ f: Double, _ s: Double, _ d: Double, walk: Double, seconds: Double,
        keep: Double
    ) {
        p00 += walk
        p11 += ThermalModel.riseWalk * seconds
        p22 += ThermalModel.riseWalk * seconds
        let h0 = p00 + p01 * f + p02 * s + p03 * d
        let h1 = p01 + p11 * f + p12 * s + p13 * d
        let h2 = p02 + p12 * f + p22 * s + p23 * d
        let h3 = p03 + p13 * f + p23 * s + p33 * d
        let variance = ThermalModel.readingVariance + h0 + h1 * f + h2 * s + h3 * d
        let innovation = temperatureC - (base + fastRise * f + slowRise * s + past * d)
        let k = 1 / variance
        cost = cost * keep + innovation * innovation * k
        let gain = innovation * k
        base += h0 * gain
        fastRise += h1 * gain
        slowRise += h2 * gain
        past += h3 * gain
        p00 -= h0 * h0 * k
        p01 -= h0 * h1 * k
        p02 -= h0 * h2 * k
        p03 -= h0 * h3 * k
        p11 -= h1 * h1 * k
        p12 -= h1 * h2 * k
        p13 -= h1 * h3 * k
        p22 -= h2 * h2 * k
        p23 -= h2 * h3 * k
        p33 -= h3 * h3 * k
        fastRise = clamp(fastRise, ThermalModel.riseLimitsC)
        slowRise = clamp(slowRise, ThermalModel.riseLimitsC)
        past = clamp(past, -60...60)
        // Rounding may cost a variance its sign after very long runs; a little walk restores it.
        p33 = max(p33, 1e-9)
    }
}
