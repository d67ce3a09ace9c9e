// The heat budget: how much work keeps the board at its soft limit. It is what the thermal mirror
// knows beyond the reading, once the model has proven itself.
//
// The limit is ridden, not approached: the most heat is sought that keeps the temperature at the
// limit a few seconds from now, at several horizons, and the least of them holds. For two poles in
// parallel this is the greatest constant heat of the next interval that breaks no promise, because
// the slow pole's growth can always be answered in the next one by the fast pole. The margin below
// the limit follows from the forecast's own measured error.

import Model
import Phi

struct HeatBudget: Sendable {
    /// Shortest horizon, s: below it, the sensor's noise would be amplified through the fast pole.
    static let horizonLeastS = 8.0
    /// Margin at a forecast whose error is the sensor's own noise, °C, and the mean error that is. A luckier
    /// forecast is no better one.
    static let marginLeastC = 0.172
    static let noiseErrorC = 0.28
    static let marginMostC = 2.0
    /// Margin per °C of measured error beyond that.
    static let marginPerError = 0.3
    /// Margin per °C that the die rises above its mean while frequency steps are mixed, and the most
    /// that counts: a larger rise was a change of load.
    static let marginPerRipple = 1.25
    static let rippleMostC = 0.6
    /// Surroundings that warm are met this many times as early as they are foretold to come: their
    /// drift is itself known late.
    static let driftLead = 1.0
    /// A bias below this is the sensor's noise, °C.
    static let biasDeadBandC = 0.08
    /// Margin per second between decisions, °C: what happens in between is answered late.
    static let marginPerS = 0.02
    /// Error taken for granted before the first forecast was judged, °C.
    static let unjudgedErrorC = 2.0
    /// Least work share that heat alone ever leaves.
    static let workLeast = 0.1

    /// The work share (cores × frequency over their maximum) to stay within; 1 or more where heat
    /// holds nothing back.
    /// - Parameters:
    ///   - rippleC: what the die lately rose by above its mean, as steps are mixed.
    ///   - driftCPerS: of the surroundings.
    static func workShare(
        _ outlook: ThermalOutlook, errorC: Double, biasC: Double, rippleC: Double, driftCPerS: Double,
        limitC: Double, intervalS: Double, scalesFrequency: Bool
    ) -> Double {
        let error = marginPerError * max(0, errorC - noiseErrorC) + max(0, biasC - biasDeadBandC)
        let ripple = marginPerRipple * min(rippleC, rippleMostC)
        let margin = min(marginMostC, marginLeastC + error + marginPerS * intervalS + ripple)
        let near = max(horizonLeastS, intervalS)
        let drift = driftLead * max(0, driftCPerS) * near
        let heat = outlook.loadAllowed(
            near: limitC - margin - drift, far: limitC - margin - 2 * drift, inS: near)
        if heat >= 1 { return heat }
        return max(workLeast, HeatLaw.work(heat: heat, scalesFrequency: scalesFrequency))
    }

    /// The heat made, as a share of full heat, from what the board tells; nil where it tells no load.
    /// - Parameter busy: the share of a step between samples; nil for the sample's own.
    static func load(_ sample: Sample, busy: Double? = nil, cores: Int) -> Double? {
        let share: Double
        if let busy = busy ?? sample.busyShare {
            share = clamp(busy, 0...1)
        } else if let load = sample.load, cores > 0 {
            share = clamp(load.one / Double(cores), 0...1)
        } else {
            return nil
        }
        guard let frequency = sample.frequency, frequency.maximumKHz > 0 else { return share }
        let ceiling = frequency.ceilingKHz > 0 ? frequency.ceilingKHz : frequency.maximumKHz
        // The requested rate isn't the real one: a busy core runs at the ceiling, not at what an
        // idle moment requested.
        let rate = Double(min(ceiling, frequency.maximumKHz)) / Double(frequency.maximumKHz)
        return HeatLaw.heat(busyShare: share, frequencyShare: clamp(rate, 0...1))
    }
}
