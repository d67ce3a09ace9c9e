// Hysteresis and minimum dwell of what a decision moves: the factor, the memory ceiling, the bit depth.
//
// The way down is protection and never waits. The way up, after a cut, waits for the dwell time; and
// a movement smaller than the dead band is none, so that a noisy reading doesn't rewrite a limit at
// every cycle. Exactly 1.0 (nothing held back) is always let through: a neutral board is left alone
// entirely.

import Model
import Phi

struct Actuators: Sendable {
    /// A limit that was lowered below 1.0 stays at least this long before it rises, ms.
    static let factorDwellMs: Int64 = 2_000
    /// Relative movement of the factor that is none.
    static let factorDeadBand = 0.01
    /// The same while the heat budget rides the limit: 1 % of heat is a third of a degree, and the
    /// limit is held closer than that. Corrections this small start no dwell.
    static let heatDeadBand = 0.002
    /// Movement of the memory ceiling that is none, as a share of the ceiling.
    static let memoryDeadBand = 0.01
    /// Bits are given up for good only when they were too many for this long, ms.
    static let depthDwellMs: Int64 = 3_000

    private var factor = 1.0
    private var loweredMs: Int64 = 0
    private var hasLowered = false
    private var ceilingBytes = 0.0
    private var depth: BitDepth?
    private var wantsLessSinceMs: Int64?

    /// - Parameter ridesHeat: the heat budget set `wanted`.
    mutating func factor(_ wanted: Double, nowMs: Int64, ridesHeat: Bool = false) -> Double {
        let band = ridesHeat ? Self.heatDeadBand : Self.factorDeadBand
        if wanted != 1, abs(wanted - factor) < band * factor { return factor }
        if wanted < factor {
            if wanted < 1, wanted <= factor * (1 - Self.factorDeadBand) {
                hasLowered = true
                loweredMs = nowMs
            }
            factor = wanted
        } else if !(hasLowered && factor < 1 && nowMs - loweredMs < Self.factorDwellMs) {
            factor = wanted
        }
        return factor
    }

    mutating func ceiling(_ wanted: Double) -> Double {
        if ceilingBytes > 0, abs(wanted - ceilingBytes) < Self.memoryDeadBand * ceilingBytes {
            return ceilingBytes
        }
        ceilingBytes = wanted
        return wanted
    }

    mutating func depth(_ wanted: BitDepth, nowMs: Int64) -> BitDepth {
        guard let held = depth, wanted.rawValue < held.rawValue else {
            depth = wanted
            wantsLessSinceMs = nil
            return wanted
        }
        let since = wantsLessSinceMs ?? nowMs
        wantsLessSinceMs = since
        guard nowMs - since >= Self.depthDwellMs else { return held }
        depth = wanted
        wantsLessSinceMs = nil
        return wanted
    }
}

/// The protection that was in force while the temperature could be read, held on when it no longer can.
struct Protection: Sendable {
    /// How long a cut outlives its sensor: longer than the slow pole of any board measured (528 s).
    static let holdMs: Int64 = 600_000

    private var factor = 1.0
    private var triggers: Triggers = []
    private var seenMs: Int64?

    /// What heat alone called for at this reading; 1 for nothing.
    mutating func note(factor: Double, triggers: Triggers, nowMs: Int64) {
        self.factor = min(1, factor)
        self.triggers = triggers
        seenMs = nowMs
    }

    /// The cut still owed at `nowMs`; nil where heat held nothing back or the time is over.
    func held(nowMs: Int64) -> (factor: Double, triggers: Triggers)? {
        guard let seenMs, factor < 1, nowMs - seenMs <= Self.holdMs else { return nil }
        return (factor, triggers)
    }
}
