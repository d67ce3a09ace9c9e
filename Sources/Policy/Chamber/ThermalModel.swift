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
// b walks slowly, to leave the poles what is theirs; `offsetC`, the level of the remaining error with a
// drift of its own (alpha-beta), follows surroundings that warm or cool without lagging behind them. In a
// mature model the pairs learn from the reading less this offset: while a controller holds the board at
// its limit, less and less heat at one and the same temperature would otherwise teach them that heat
// does nothing.

import Phi

public struct ThermalModel: Sendable {
    /// Time constants in the bank, s.
    static var fastTausS: InlineArray<3, Double> { [1.5, 3.5, 9] }
    static var slowTausS: InlineArray<4, PairLanes.Two> {
        [PairLanes.Two(50, 68), PairLanes.Two(92, 125), PairLanes.Two(170, 240), PairLanes.Two(350, 520)]
    }
    static let pairCount = 24
    /// Half-life of an innovation's weight in the choice of the pair, s.
    static let halfLifeS = 900.0
    /// Readings before this age of the model are too few to speak, s.
    public static let speaksAfterS = 5.0
    /// A longer gap between readings tells too little of what happened in it: begin anew, s.
    static let gapMaxS = 600.0
    /// Time constant of the offset's EWMA, s.
    static let offsetTauS = 75.0
    /// Of the square of the offset's gain: the drift follows four offset's times later, and hardly
    /// adds to the noise.
    static let driftGain = 0.25
    /// °C per second: 72 °C an hour, more than any room warms by.
    static let driftLimits = -0.02...0.02
    /// Poles this close to the heat are at rest: nothing is to be learned of them.
    static let excitedLeast = 0.05
    /// What a rise can be, °C: a fit beyond it has taken something else for the board's heat.
    static let riseLimitsC = 0.5...60.0
    static let pastLimitsC = -60.0...60
    /// Pairs whose cost is within this of the best one's still have a say: e^(−3) of its weight.
    static let likelyWithin = 6.0
    /// Variance of a reading, °C²: noise of 0.31 °C and steps of 0.54 °C.
    static let readingVariance = 0.12
    /// Walks: °C² per second. b: 0.2 °C in an hour's root; rises: 0.02 °C.
    static let baseWalk = 1e-5
    static let riseWalk = 1e-7
    /// From this age on what is slow is the surroundings', s.
    static let matureAfterS = 600.0
    /// An offset beyond this in a younger model, °C, means that the surroundings jumped (a case was closed, the sun came
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
    /// How fast that moves, °C per second.
    public private(set) var driftCPerS = 0.0
    /// Heat share of the last step.
    public private(set) var load = 0.0
    /// The course from the last reading on; nil while the model is too young, or its rises are no board's.
    public private(set) var outlook: ThermalOutlook?
    /// Seconds observed.
    public private(set) var ageS = 0.0

    private var fast = InlineArray<3, Double>(repeating: 0)
    private var slow = InlineArray<4, PairLanes.Two>(repeating: .zero)
    private var past = InlineArray<4, PairLanes.Two>(repeating: .zero)
    private var keepFast = InlineArray<3, Double>(repeating: 1)
    private var keepSlow = InlineArray<4, PairLanes.Two>(repeating: PairLanes.Two(repeating: 1))
    private var keepWeight = 1.0
    private var keepOffset = 1.0
    private var keepForMs: Int64 = -1
    private var lastMs: Int64?
    /// Pair 8·i + j is lane j mod 2 of place 4·i + j ÷ 2. Made once and changed in place: a copy of the
    /// model, which asking it may make, then costs a reference and not three kilobytes.
    private var lanes: [PairLanes]
    private var hasStarted = false
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
        lanes = Self.prior(0, fastPriorC, slowPriorC)
    }

    private static func prior(_ baseC: Double, _ fastC: Double, _ slowC: Double) -> [PairLanes] {
        let lanes = PairLanes(
            baseC: baseC, fastRiseC: fastC, slowRiseC: slowC, baseDeviationC: basePriorDeviationC,
            fastDeviationC: fastPriorDeviationC, slowDeviationC: slowPriorDeviationC,
            pastDeviationC: pastPriorDeviationC)
        return [PairLanes](repeating: lanes, count: pairCount / 2)
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
        defer { outlook = outlook(of: best) }
        guard let temperatureC, temperatureC.isFinite else { return }
        let expected = offsetC + driftCPerS * seconds
        if ageS < Self.matureAfterS {
            // Which part is the board's and which the surroundings' isn't known yet.
            let jump = abs(offsetC) > Self.jumpLeastC ? Self.jumpWalk * offsetC * offsetC : 0
            learn(temperatureC, walk: (Self.baseWalk + jump) * seconds, riseWalk: Self.riseWalk * seconds)
        } else {
            learn(
                temperatureC - expected, walk: Self.baseWalk * seconds,
                riseWalk: Self.riseWalk * seconds)
        }
        let error = temperatureC - fittedC - expected
        let gain = 1 - keepOffset
        offsetC = expected + gain * error
        guard ageS >= Self.matureAfterS else { return }
        let turn = Self.driftGain * gain * gain * error / seconds
        driftCPerS = clamp(driftCPerS + turn, Self.driftLimits)
    }

    /// The reading teaches every pair; the one that then foretells best speaks.
    private mutating func learn(_ temperatureC: Double, walk: Double, riseWalk: Double) {
        var least = Double.infinity
        for i in fast.indices {
            let f = fast[i]
            let isFastExcited = abs(load - f) >= Self.excitedLeast
            for j in slow.indices {
                let s = slow[j]
                let d = past[j]
                let isExcited =
                    isFastExcited || abs(load - s[0]) >= Self.excitedLeast
                    || abs(load - s[1]) >= Self.excitedLeast || d[1] >= Self.excitedLeast
                let place = 4 * i + j
                if isExcited {
                    lanes[place].note(
                        temperatureC, f, s, d, walk: walk, riseWalk: riseWalk, keep: keepWeight)
                } else {
                    lanes[place].rest(temperatureC, f, s, d, walk: walk, keep: keepWeight)
                }
                let cost = lanes[place].cost
                if cost[0] < least {
                    least = cost[0]
                    best = 2 * place
                }
                if cost[1] < least {
                    least = cost[1]
                    best = 2 * place + 1
                }
            }
        }
    }

    private mutating func start(_ temperatureC: Double, load: Double, nowMs: Int64) {
        lastMs = nowMs
        hasStarted = true
        self.load = load
        for index in fast.indices { fast[index] = load }
        for index in slow.indices {
            slow[index] = PairLanes.Two(repeating: load)
            past[index] = PairLanes.Two(repeating: 1)
        }
        let baseC = temperatureC - load * (fastPriorC + slowPriorC)
        lanes = Self.prior(baseC, fastPriorC, slowPriorC)
    }

    private mutating func advance(stepMs: Int64, _ seconds: Double) {
        ageS += seconds
        if stepMs != keepForMs {
            keepForMs = stepMs
            let fastTausS = Self.fastTausS
            let slowTausS = Self.slowTausS
            for index in fast.indices { keepFast[index] = Self.keep(seconds, fastTausS[index]) }
            for index in slow.indices {
                keepSlow[index] = PairLanes.Two(
                    Self.keep(seconds, slowTausS[index][0]), Self.keep(seconds, slowTausS[index][1]))
            }
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
        let place = best / 2
        let j = place % 4
        return lanes[place].fitted(fast[place / 4], slow[j], past[j])[best % 2]
    }

    /// nil before the first reading.
    public var fit: Fit? { hasStarted ? fit(of: best) : nil }

    private func fit(of pair: Int) -> Fit {
        let place = pair / 2
        let lane = pair % 2
        return Fit(
            fastTauS: Self.fastTausS[place / 4], slowTauS: Self.slowTausS[place % 4][lane],
            baseC: lanes[place].base[lane] + offsetC, fastRiseC: lanes[place].fastRise[lane],
            slowRiseC: lanes[place].slowRise[lane], pastC: lanes[place].past[lane])
    }


    private func outlook(of pair: Int) -> ThermalOutlook? {
        let fit = fit(of: pair)
        guard ageS >= Self.speaksAfterS, fit.fastRiseC + fit.slowRiseC > 2 else { return nil }
        let place = pair / 2
        return ThermalOutlook(
            baseC: fit.baseC, fastRiseC: fit.fastRiseC, slowRiseC: fit.slowRiseC,
            fastTauS: fit.fastTauS, slowTauS: fit.slowTauS, fast: fast[place / 4],
            slow: slow[place % 4][pair % 2], pastC: fit.pastC * past[place % 4][pair % 2])
    }

    private func cost(of pair: Int) -> Double { lanes[pair / 2].cost[pair % 2] }

    /// Seconds until `limitC` with the heat held at `load`: the mean of the likely pairs' answers,
    /// weighted by their likelihood. One pair alone would make the answer jump where two fit alike.
    public func secondsTo(_ limitC: Double, load: Double) -> Double? {
        guard hasStarted else { return nil }
        let least = cost(of: best)
        var weights = 0.0
        var rates = 0.0
        for index in 0..<Self.pairCount where cost(of: index) < least + Self.likelyWithin {
            guard let outlook = outlook(of: index) else { continue }
            let weight = Phi.exp2((least - cost(of: index)) * 0.7213475204444817)
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
