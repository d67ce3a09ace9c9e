// The chamber's dealings with heat: the corrected reading, the budget the model allows, the safety
// override, and what stays in force when the sensor is lost.

import Model
import Phi

extension Chamber {
    /// The corrected temperature, °C; nil where there is none to be believed. The steps between the last
    /// sample and this one go first; what they don't tell of the busy share is left for the rest.
    mutating func takeTemperature(
        _ sample: Sample, cores: Int, softLimitC: Double, lastMs: Int64?, _ nowMs: Int64
    ) -> Double? {
        var fromMs = lastMs ?? nowMs
        var hotMs = 0.0
        var leftMs = (sample.busyShare ?? 0) * Double(max(0, nowMs - fromMs))
        for step in sample.thermalSteps.suffix(ThermalStep.countMost) {
            guard step.monotonicMs > fromMs, step.monotonicMs < nowMs else { continue }
            let elapsedMs = Double(step.monotonicMs - fromMs)
            leftMs -= clamp(step.busyShare ?? sample.busyShare ?? 0, 0...1) * elapsedMs
            let shownC = take(
                step.temperatureMilliC,
                load: HeatBudget.load(sample, busy: step.busyShare, cores: cores),
                elapsedS: elapsedMs / 1000, step.monotonicMs)
            if let shownC, shownC >= softLimitC { hotMs += elapsedMs }
            fromMs = step.monotonicMs
        }
        let elapsedMs = Double(max(0, nowMs - fromMs))
        let hasSteps = fromMs != lastMs && sample.busyShare != nil && elapsedMs > 0
        let shownC = take(
            sample.temperatureMilliC,
            load: HeatBudget.load(
                sample, busy: hasSteps ? clamp(leftMs / elapsedMs, 0...1) : nil, cores: cores),
            elapsedS: elapsedMs / 1000, nowMs)
        let isHot = shownC.map { $0 >= softLimitC } ?? false
        let windowMs = Double(nowMs - (lastMs ?? nowMs))
        hotShare = windowMs > 0 ? (hotMs + (isHot ? elapsedMs : 0)) / windowMs : isHot ? 1 : 0
        return shownC
    }

    private mutating func take(
        _ reading: Int?, load: Double?, elapsedS: Double, _ nowMs: Int64
    ) -> Double? {
        guard let milliC = reading else {
            forecast.pass(load: load, nowMs: nowMs)
            return nil
        }
        stuck.note(
            milliC: milliC, outlook: forecast.provenOutlook, load: load ?? 0, elapsedS: elapsedS)
        guard !stuck.isStuck else {
            forecast.pass(load: load, nowMs: nowMs)
            return nil
        }
        filter.note(Double(milliC) / 1000, nowMs: nowMs)
        guard let corrected = filter.corrected else { return nil }
        forecast.note(
            temperatureC: corrected, accepted: filter.accepted, load: load, nowMs: nowMs)
        return filter.value
    }

    /// Work share that the model allows; nil where the board tells no load. (Mutating like what follows
    /// only so that it is called on the chamber and not on a copy of it.)
    mutating func allowedShare(
        _ parameters: ParameterValues, intervalS: Double, scalesFrequency: Bool
    ) -> Double? {
        guard let outlook = forecast.cautiousOutlook else { return nil }
        return HeatBudget.workShare(
            outlook, errorC: forecast.aheadErrorC ?? HeatBudget.unjudgedErrorC,
            biasC: forecast.aheadBiasC, rippleC: forecast.rippleC,
            driftCPerS: forecast.model.driftCPerS, limitC: parameters[.softLimitC],
            intervalS: intervalS, scalesFrequency: scalesFrequency)
    }

    /// Holds the factor within the heat budget and beneath the override, and remembers what heat
    /// alone called for. Neither waits for confidence.
    mutating func keepWithinHeat(
        _ temperatureC: Double?, _ parameters: ParameterValues, _ nowMs: Int64,
        into decision: inout Decision
    ) {
        guard let temperatureC else { return }
        var alone = min(1, decision[.thermal].factor)
        if let heatShare, heatShare < 1 {
            alone = min(alone, heatShare)
            if heatShare < decision.factor {
                decision.factor = clamp(heatShare, Self.factorLimits)
                decision.triggers.insert(.thermalMirror)
                decision.isApplicable = true
            }
        }
        let hottestC = max(temperatureC, filter.corrected ?? temperatureC)
        if let override = override(hottestC, parameters) {
            alone = min(alone, override)
            decision.factor = min(decision.factor, override)
            decision.triggers.insert(.safetyOverride)
            decision.isApplicable = true
        }
        let mayNote =
            decision.state != .superposed || decision.triggers.contains(.safetyOverride)
        if mayNote {
            protection.note(
                factor: alone,
                triggers: decision.triggers.intersection([.thermalMirror, .safetyOverride]),
                nowMs: nowMs)
        }
    }

    /// At the critical temperature, now or within the guard time by the forecast, the override takes
    /// the place of the sum. It falls from 1 at the soft limit to 0.1 at the critical temperature,
    /// taken half way between the reading and the forecast. nil where none is called for.
    private mutating func override(_ temperatureC: Double, _ parameters: ParameterValues) -> Double? {
        let ahead = forecast.temperatureC(inS: Self.guardS) ?? temperatureC
        let worst = max(temperatureC, min(ahead, temperatureC + 20))
        let critical = parameters[.criticalC]
        guard worst >= critical else { return nil }
        let soft = parameters[.softLimitC]
        let excess = clamp(((temperatureC + worst) / 2 - soft) / (critical - soft), 0...1)
        return clamp(1 - 0.9 * excess, Self.factorLimits)
    }

    /// Superposed: nothing is known well enough to act, except that heat is never ignored: what it
    /// called for while it could be read holds on for `Protection.holdMs`.
    func neutralise(_ decision: inout Decision, _ nowMs: Int64) {
        guard !decision.triggers.contains(.safetyOverride) else { return }
        decision.exponent = 0
        decision.votes = .neutral
        decision.memoryAdjustment = 1
        decision.bitDepth = .bits16
        if let held = protection.held(nowMs: nowMs) {
            decision.factor = held.factor
            decision.triggers = held.triggers.union(.thermalMirror)
            decision.isApplicable = true
        } else {
            decision.factor = 1
            decision.triggers = []
            decision.isApplicable = false
        }
    }
}
