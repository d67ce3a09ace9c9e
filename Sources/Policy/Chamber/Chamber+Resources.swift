// What a decision says of memory and of precision.

import Model
import Phi

extension Chamber {
    /// The memory ceiling: a share of the machine, adjusted by value and pressure, moved by at most
    /// φ² or 1/φ² a step.
    mutating func size(
        _ input: ChamberInput, pressure: Double?, _ parameters: ParameterValues,
        into decision: inout Decision
    ) {
        let pressureStrength =
            pressure.map { Experts.strength($0, neutral: Experts.pressureNeutral) } ?? 0
        if pressureStrength > Self.voteLeast { decision.triggers.insert(.memoryPressure) }
        if input.poolPressure > Self.voteLeast { decision.triggers.insert(.poolPressure) }
        decision.memoryAdjustment = clamp(
            Phi.power(decision[.value].exponent - pressureStrength), Self.memoryAdjustmentLimits)
        guard let memory = input.sample.memory else { return }
        let total = Double(memory.totalBytes)
        let mebibyte = 1_048_576.0
        let floor = min(parameters[.memoryFloorMiB] * mebibyte, total)
        let most = max(floor, total - parameters[.memoryReserveMiB] * mebibyte)
        var ceiling = parameters[.memoryBaseShare] * total * decision.memoryAdjustment
        if let last = lastCeilingBytes {
            ceiling = clamp(ceiling, (last * Phi.compressionLimit)...(last * Phi.expansionLimit))
        }
        ceiling = actuators.ceiling(clamp(ceiling, floor...most))
        lastCeilingBytes = ceiling
        // Whole pages of the largest size in use (16 KiB on a Pi 5).
        decision.memoryCeilingBytes = UInt64(ceiling) / 16_384 * 16_384
    }

    mutating func choosePrecision(
        _ input: ChamberInput, _ signals: Signals, thermal: Double?, pressure: Double?,
        _ parameters: ParameterValues, _ nowMs: Int64, into decision: inout Decision
    ) {
        let heat =
            thermal.map { Experts.strength($0, neutral: parameters[.thermalNeutral]) } ?? 0
        let memory = pressure.map { Experts.strength($0, neutral: Experts.pressureNeutral) } ?? 0
        let press = max(heat, max(memory, clamp(input.poolPressure, 0...1)))
        let bias = Self.thresholdBias * press
        let value = signals.value ?? parameters[.valueNeutral]
        let wanted: BitDepth =
            if value >= parameters[.highValueLeast] + bias {
                .bits81
            } else if value <= parameters[.lowValueMost] + bias, press > Self.voteLeast {
                .bits8
            } else {
                .bits16
            }
        decision.bitDepth = actuators.depth(wanted, nowMs: nowMs)
    }
}
