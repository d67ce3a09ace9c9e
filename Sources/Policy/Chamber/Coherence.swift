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

    static func value(_ sample: Sample, calmShare: Double) -> Double {
        CoherenceParts(sample, calmShare: calmShare).value
    }
}

/// What operating coherence is made of, each 0…1; nil where it can't be read.
public struct CoherenceParts: Equatable, Sendable {
    public let availableMemory: Double?
    public let achievableFrequency: Double?
    public let healthySensors: Double
    /// Share of the last cycles with neither throttling nor a memory stall.
    public let calm: Double

    init(_ sample: Sample, calmShare: Double) {
        availableMemory = sample.memory?.availableShare
        achievableFrequency = sample.frequency.flatMap {
            $0.maximumKHz > 0 ? min(1, Double($0.ceilingKHz) / Double($0.maximumKHz)) : nil
        }
        healthySensors = sample.health.share
        calm = calmShare
    }

    /// 0.6 · mean(available memory, achievable frequency, healthy sensors) + 0.4 · calm share; what
    /// can't be read is left out of the mean.
    var value: Double {
        var sum = healthySensors
        var terms = 1.0
        for part in [availableMemory, achievableFrequency] {
            guard let part else { continue }
            sum += part
            terms += 1
        }
        return clamp(0.6 * sum / terms + 0.4 * calm, 0...1)
    }
}
