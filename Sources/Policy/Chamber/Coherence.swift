// Operating coherence: how much of the machine is available now. It drives the states.

import Model
import Phi

/// The last 64 cycles, one bit each: set where the cycle saw throttling or a memory stall.
struct TroubleWindow: Sendable {
    private var bits: UInt64 = 0
    private var count = 0

    mutating func note(trouble: Bool) {
        bits = bits << 1 | (trouble ? 1 : 0)
        count = min(64, count + 1)
    }

    /// Share of the cycles seen that had no trouble; 1 before the first.
    var calmShare: Double {
        guard count > 0 else { return 1 }
        let seen = count == 64 ? bits : bits & ((1 << UInt64(count)) - 1)
        return 1 - Double(seen.nonzeroBitCount) / Double(count)
    }
}

enum OperatingCoherence {
    /// A memory stall: at least this share (percent) of the last ten seconds.
    static let stallPercent = 1.0

    static func trouble(_ sample: Sample) -> Bool {
        let stalled = (sample.pressure?.memorySomePercent ?? 0) >= stallPercent
        return stalled || (sample.throttle?.isThrottling ?? false)
    }

    /// 0.6 · mean(available memory, achievable frequency, healthy sensors) + 0.4 · calm share; what
    /// can't be read is left out of the mean.
    static func value(_ sample: Sample, calmShare: Double) -> Double {
        var sum = sample.health.share
        var terms = 1.0
        if let memory = sample.memory {
            sum += memory.availableShare
            terms += 1
        }
        if let frequency = sample.frequency, frequency.maximumKHz > 0 {
            sum += min(1, Double(frequency.ceilingKHz) / Double(frequency.maximumKHz))
            terms += 1
        }
        return clamp(0.6 * sum / terms + 0.4 * calmShare, 0...1)
    }
}
