// The observer: notices that the hardware changed (collapse), and tells coherent from decoherent
// operation.
//
// A device that flaps (a loose GPU, a serial number that is read every other time) must not collapse at
// every cycle: a change back to what was there within the flapping window before is no collapse, and
// while it goes on the state is decoherent.

import Digest
import Model
import Phi

struct Observer: Sendable {
    /// Complete observations before the device leaves `superposed`.
    static let confirmations = 3
    /// Half width of the band around the coherence threshold in which the state stays as it is.
    static let hysteresis = 0.02
    /// A change back within this time is flapping, ms: longer than a re-enumeration takes.
    static let flapMs: Int64 = 60_000

    private var lastHash: Digest32?
    /// What was there before the last change, and when that was.
    private var formerHash: Digest32?
    private var changeMs: Int64 = 0
    private var flapEndMs: Int64?
    private var lastStrength: Double?
    private var confirmed = 0
    private var isCoherent = true
    /// The vote after a collapse and when it was cast (ms, monotonic).
    private var collapseVote = 0.0
    private var collapseMs: Int64 = 0

    /// - Parameter knownHardware: the hash that an earlier run of the agent saw, so that hardware
    ///   changed while the power was off is seen as well.
    init(knownHardware: Digest32?) { lastHash = knownHardware }

    /// Takes an observation and names the state. `required` is false while temperature or memory
    /// can't be read.
    mutating func observe(
        hash: Digest32, strength: Double, required: Bool, coherence: Double,
        parameters: ParameterValues, nowMs: Int64
    ) -> OperatingState {
        let differs = lastHash != nil && lastHash != hash
        let flaps = differs && formerHash == hash && nowMs - changeMs <= Self.flapMs
        if differs {
            formerHash = lastHash
            changeMs = nowMs
        }
        if flaps { flapEndMs = nowMs + Self.flapMs }
        if let end = flapEndMs, nowMs > end { flapEndMs = nil }
        let changed = differs && !flaps
        if changed {
            let before = lastStrength ?? strength
            let ratio = before > 0 ? strength / before : 1
            // A small change only re-derives the parameters; a large one votes.
            let isLarge = abs(ratio - 1) >= parameters[.observerEffectLeast]
            collapseVote = isLarge && ratio > 0 ? clamp(Phi.logarithm(ratio), -1...1) : 0
            collapseMs = nowMs
            confirmed = 0
        }
        lastHash = hash
        lastStrength = strength
        confirmed = required ? min(Self.confirmations, confirmed + 1) : 0
        if changed { return .collapsed }
        guard confirmed >= Self.confirmations else { return .superposed }
        let threshold = parameters[.coherenceLeast]
        if isCoherent {
            isCoherent = coherence >= threshold - Self.hysteresis
        } else {
            isCoherent = coherence >= threshold + Self.hysteresis
        }
        return isCoherent && flapEndMs == nil ? .coherent : .decoherent
    }

    /// The hardware expert's exponent: the collapse's vote, halved every half-life.
    func vote(halfLifeS: Double, nowMs: Int64) -> Double {
        guard collapseVote != 0 else { return 0 }
        let ageS = Double(max(0, nowMs - collapseMs)) / 1000
        let decayed = collapseVote * Phi.exp2(-ageS / halfLifeS)
        return abs(decayed) < 0.001 ? 0 : decayed
    }

    /// 2π · (the hash's first 64 bits) / 2⁶⁴.
    static func phase(of hash: Digest32) -> Double {
        Phi.twoPi * (Double(hash.words.0) / 18_446_744_073_709_551_616)
    }
}
