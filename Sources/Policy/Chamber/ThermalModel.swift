// How this board heats, learned from its own readings while it works.
//
// A board is two first-order poles (the die: seconds; the board or heatsink: minutes) above an
// ambient nobody tells us:
//
//     T = b + Rf·φf + Rs·φs + c·e^(−t/τs),   φ' = (u − φ)/τ
//
// u is the heat made, as a share of what all cores make at the top frequency; c·e^(−t/τs) is the
// heat that was in the board before we looked. With the time constants given, T is linear in
// (b, Rf, Rs, c): so a bank of 3 × 8 pairs of time constants is fitted by recursive least squares
// with exponential forgetting, and the pair with the least remaining error speaks. The regressors are
// made of the input alone, never of past readings, so the sensor's noise and its 0.54 °C steps don't
// bias the fit, as they do in the usual autoregressive form (Ljung, System Identification, ch. 7).
// The sums are shared over the bank, so a reading costs about 150 multiplications, and four of the 24
// small systems are solved at each. A weak prior (figures of single boards) speaks until the data do.
//
// It isn't a model of the ambient: that drifts, and `offsetC`, an EWMA of the remaining error, follows.

import Phi

public struct ThermalModel: Sendable {
    static let fastTausS = [1.5, 4.0, 10.0]
    static let slowTausS = [45.0, 64, 90, 127, 180, 255, 360, 510]
    /// Half-life of a reading's weight, s: several slow time constants, yet within a change of season.
    static let halfLifeS = 900.0
    /// Readings before this age of the model are too few to speak, s.
    public static let speaksAfterS = 60.0
    /// A longer gap between readings tells too little of what happened in it: begin anew, s.
    static let gapMaxS = 600.0
    /// Time constant of the offset's EWMA, s.
    static let offsetTauS = 30.0
    /// Sums are kept about this temperature, °C: it keeps the small systems well conditioned.
    private static let referenceC = 60.0
    /// The prior's strength is the sensor's variance (0.35 °C)² over that of the parameter.
    private static let sensorVariance = 0.1225
    private static let offsetPriorDeviationC = 20.0
    private static let fastPriorDeviationC = 6.0
    private static let slowPriorDeviationC = 12.0
    private static let pastPriorDeviationC = 10.0
    static let solvedEachCycle = 3

    /// One solved pair of time constants.
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
        var fast: Int
        var slow: Int
    }

    /// The pair that speaks; nil before the first solution.
    public private(set) var fit: Fit?
    /// What the fit doesn't explain lately, °C: ambient, sun, a neighbour.
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

    // Weighted sums: count, y = T − reference, regressors f, s and d = e^(−t/τs), and their products.
    private var sumOne = 0.0
    private var sumY = 0.0
    private var sumYY = 0.0
    private var sumF: [Double]
    private var sumFF: [Double]
    private var sumFY: [Double]
    private var sumS: [Double]
    private var sumSS: [Double]
    private var sumSY: [Double]
    private var sumD: [Double]
    private var sumDD: [Double]
    private var sumDY: [Double]
    private var sumSD: [Double]
    private var sumFS: [Double]
    private var sumFD: [Double]
    private var cost: [Double]
    private var nextSolved = 0
    private var basePriorC = 0.0
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
        let pairs = [Double](repeating: 0, count: fasts.count * slows.count)
        fast = fasts
        slow = slows
        past = slows
        keepFast = fasts
        keepSlow = slows
        sumF = fasts
        sumFF = fasts
        sumFY = fasts
        sumS = slows
        sumSS = slows
        sumSY = slows
        sumD = slows
        sumDD = slows
        sumDY = slows
        sumSD = slows
        sumFS = pairs
        sumFD = pairs
        cost = [Double](repeating: .infinity, count: pairs.count)
    }

    /// Takes the heat made since the last call and the reading at its end.
    /// - Parameters:
    ///   - temperatureC: nil for a reading that was rejected: the state moves on without it.
    ///   - load: heat as a share of full heat, 0…1.
    public mutating func note(temperatureC: Double?, load: Double, nowMs: Int64) {
        let load = clamp(load, 0...1)
        guard let last = lastMs, nowMs - last <= Int64(Self.gapMaxS * 1000) else {
            guard let temperatureC else { return }
            self = ThermalModel(fastPriorC: fastPriorC, slowPriorC: slowPriorC)
            start(temperatureC, load: load, nowMs: nowMs)
            return
        }
        guard nowMs > last else { return }
        lastMs = nowMs
        self.load = load
        advance(byMs: nowMs - last)
        guard let temperatureC, temperatureC.isFinite else { return }
        accumulate(temperatureC - Self.referenceC)
        for _ in 0..<Self.solvedEachCycle {
            solve(nextSolved)
            nextSolved = (nextSolved + 1) % cost.count
        }
        if let fit { solve(fit.fast * Self.slowTausS.count + fit.slow) }
        choose()
        if let now = fittedC {
            offsetC += (1 - keepOffset) * (temperatureC - now - offsetC)
        }
    }

    private mutating func start(_ temperatureC: Double, load: Double, nowMs: Int64) {
        lastMs = nowMs
        self.load = load
        for index in fast.indices { fast[index] = load }
        for index in slow.indices {
            slow[index] = load
            past[index] = 1
        }
        basePriorC =
            temperatureC - load * (fastPriorC + slowPriorC) - Self.referenceC
    }

    private mutating func advance(byMs stepMs: Int64) {
        let seconds = Double(stepMs) / 1000
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

    private mutating func accumulate(_ y: Double) {
        let k = keepWeight
        sumOne = sumOne * k + 1
        sumY = sumY * k + y
        sumYY = sumYY * k + y * y
        for i in fast.indices {
            let f = fast[i]
            sumF[i] = sumF[i] * k + f
            sumFF[i] = sumFF[i] * k + f * f
            sumFY[i] = sumFY[i] * k + f * y
        }
        for j in slow.indices {
            let s = slow[j]
            let d = past[j]
            sumS[j] = sumS[j] * k + s
            sumSS[j] = sumSS[j] * k + s * s
            sumSY[j] = sumSY[j] * k + s * y
            sumD[j] = sumD[j] * k + d
            sumDD[j] = sumDD[j] * k + d * d
            sumDY[j] = sumDY[j] * k + d * y
            sumSD[j] = sumSD[j] * k + s * d
            for i in fast.indices {
                let pair = i * slow.count + j
                sumFS[pair] = sumFS[pair] * k + fast[i] * s
                sumFD[pair] = sumFD[pair] * k + fast[i] * d
            }
        }
    }
}

extension ThermalModel {
    /// What the fit says of this moment, without the offset, °C.
    private var fittedC: Double? {
        guard let fit else { return nil }
        return fit.baseC + fit.fastRiseC * fast[fit.fast] + fit.slowRiseC * slow[fit.slow]
            + fit.pastC * past[fit.slow]
    }

    /// The course from now on; nil while the model is too young.
    public var outlook: ThermalOutlook? {
        guard let fit, ageS >= Self.speaksAfterS else { return nil }
        return ThermalOutlook(
            baseC: fit.baseC + offsetC, fastRiseC: fit.fastRiseC, slowRiseC: fit.slowRiseC,
            fastTauS: fit.fastTauS, slowTauS: fit.slowTauS, fast: fast[fit.fast],
            slow: slow[fit.slow], pastC: fit.pastC * past[fit.slow])
    }

    /// The pair's least squares by Cholesky's method; a pair whose rises come out negative is no
    /// board and is passed over.
    private mutating func solve(_ pair: Int) {
        guard let found = solution(pair) else {
            cost[pair] = .infinity
            return
        }
        cost[pair] = found.cost
        if fit?.fast == found.fit.fast, fit?.slow == found.fit.slow { fit = found.fit }
    }

    private mutating func choose() {
        var best = 0
        for pair in cost.indices where cost[pair] < cost[best] { best = pair }
        guard cost[best] < .infinity else {
            fit = nil
            return
        }
        let slows = slow.count
        if let fit, fit.fast * slows + fit.slow == best { return }
        if let found = solution(best) { fit = found.fit }
    }

    private func solution(_ pair: Int) -> (fit: Fit, cost: Double)? {
        func strength(_ deviation: Double) -> Double { Self.sensorVariance / (deviation * deviation) }
        let i = pair / slow.count
        let j = pair % slow.count
        let pb = strength(Self.offsetPriorDeviationC)
        let pf = strength(Self.fastPriorDeviationC)
        let ps = strength(Self.slowPriorDeviationC)
        // Right-hand sides.
        let c0 = sumY + pb * basePriorC
        let c1 = sumFY[i] + pf * fastPriorC
        let c2 = sumSY[j] + ps * slowPriorC
        let c3 = sumDY[j]
        // L·Lᵀ of the symmetric matrix in the order (b, Rf, Rs, c).
        let l00 = (sumOne + pb).squareRoot()
        let l10 = sumF[i] / l00
        let l20 = sumS[j] / l00
        let l30 = sumD[j] / l00
        let l11 = (sumFF[i] + pf - l10 * l10).squareRoot()
        let l21 = (sumFS[pair] - l20 * l10) / l11
        let l31 = (sumFD[pair] - l30 * l10) / l11
        let l22 = (sumSS[j] + ps - l20 * l20 - l21 * l21).squareRoot()
        let l32 = (sumSD[j] - l30 * l20 - l31 * l21) / l22
        let l33 =
            (sumDD[j] + strength(Self.pastPriorDeviationC) - l30 * l30 - l31 * l31 - l32 * l32)
            .squareRoot()
        let z0 = c0 / l00
        let z1 = (c1 - l10 * z0) / l11
        let z2 = (c2 - l20 * z0 - l21 * z1) / l22
        let z3 = (c3 - l30 * z0 - l31 * z1 - l32 * z2) / l33
        let past = z3 / l33
        let slowRise = (z2 - l32 * past) / l22
        let fastRise = (z1 - l21 * slowRise - l31 * past) / l11
        let base = (z0 - l10 * fastRise - l20 * slowRise - l30 * past) / l00
        let prior =
            pb * basePriorC * basePriorC + pf * fastPriorC * fastPriorC
            + ps * slowPriorC * slowPriorC
        let cost = (sumYY + prior - z0 * z0 - z1 * z1 - z2 * z2 - z3 * z3) / sumOne
        // A NaN (no longer positive definite) fails these as well.
        guard fastRise > 0, slowRise > 0, base.isFinite, cost.isFinite else { return nil }
        let fit = Fit(
            fastTauS: Self.fastTausS[i], slowTauS: Self.slowTausS[j],
            baseC: base + Self.referenceC, fastRiseC: fastRise, slowRiseC: slowRise, pastC: past,
            fast: i, slow: j)
        return (fit, cost)
    }
}
