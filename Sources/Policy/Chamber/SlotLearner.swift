// What was learned, slot by slot: which expert to heed in which state.
//
// Each of the 256 slots that a hashed state can fall in holds a Hedge distribution p over the four
// experts. After a cycle, its measured outcome says which exponent the window would have allowed, v*;
// every expert loses |vᵢ − v*| / 2, and
//
//     pᵢ ← pᵢ·e^(−η·lossᵢ), normalised;   p ← (1 − α)·p + α/N   (fixed share)
//
// so that an expert that was wrong for a long time can come back within about 1/α visits. A slot never
// visited is uniform and weighs every expert with exactly 1. An expert is judged by the outcome, never
// by its own vote. Herbster and Warmuth: Tracking the best expert, Machine Learning 32 (1998).
//
// A slot takes 12 bytes, the table 3 KiB, and it never grows: beyond `liveMost` learned slots the one
// that was used longest ago is forgotten.

import Phi

public struct SlotLearner: Sendable {
    public static let slotCount = 256
    public static let expertCount = 4
    /// η = √(8·ln N / T) for T = 256 visits.
    public static let learningRate = 0.20813864
    /// α: about one change of the best expert in 128 visits.
    public static let share = 1.0 / 128

    struct Slot: Equatable, Sendable {
        /// pᵢ in 1/65536.
        var a: UInt16 = 16_384
        var b: UInt16 = 16_384
        var c: UInt16 = 16_384
        var d: UInt16 = 16_384
        var visits: UInt16 = 0
        /// The clock's high bits at the last visit; a coarse age is enough to evict by.
        var lastUse: UInt16 = 0
    }

    private(set) var slots: [Slot]
    /// Learned slots that are kept at most.
    public let liveMost: Int
    public private(set) var live = 0
    /// Visits to all slots.
    public private(set) var visits: UInt64 = 0
    /// Slots forgotten to stay within `liveMost`.
    public private(set) var evictions: UInt64 = 0

    public init(liveMost: Int = SlotLearner.slotCount) {
        slots = [Slot](repeating: Slot(), count: Self.slotCount)
        self.liveMost = max(1, min(liveMost, Self.slotCount))
    }

    /// A slot's distribution.
    public func distribution(_ slot: UInt8) -> (Double, Double, Double, Double) {
        let s = slots[Int(slot)]
        let sum = Double(s.a) + Double(s.b) + Double(s.c) + Double(s.d)
        guard sum > 0 else { return (0.25, 0.25, 0.25, 0.25) }
        return (Double(s.a) / sum, Double(s.b) / sum, Double(s.c) / sum, Double(s.d) / sum)
    }

    public func visits(_ slot: UInt8) -> Int { Int(slots[Int(slot)].visits) }

    /// clamp(N·p, 1/φ, φ) of each expert.
    public func weights(_ slot: UInt8) -> (Double, Double, Double, Double) {
        let p = distribution(slot)
        func held(_ share: Double) -> Double {
            clamp(Double(Self.expertCount) * share, Phi.resonanceThreshold...Phi.ratio)
        }
        return (held(p.0), held(p.1), held(p.2), held(p.3))
    }

    /// The same of one expert, by `Expert.rawValue`.
    public func weight(_ slot: UInt8, expert: Int) -> Double {
        let all = weights(slot)
        return switch expert {
        case 0: all.0
        case 1: all.1
        case 2: all.2
        default: all.3
        }
    }

    /// One step of Hedge with fixed share. Losses in [0,1]; one that is no number counts as 1.
    public mutating func learn(_ slot: UInt8, losses: (Double, Double, Double, Double)) {
        func scaled(_ share: UInt16, _ loss: Double) -> Double {
            let held = loss == loss ? clamp(loss, 0...1) : 1
            return Double(share) * Phi.exp2(-Self.learningRate * held * 1.4426950408889634)
        }
        let index = Int(slot)
        if slots[index].visits == 0 {
            live += 1
            if live > liveMost { evict(except: index) }
        }
        let s = slots[index]
        let a = scaled(s.a, losses.0)
        let b = scaled(s.b, losses.1)
        let c = scaled(s.c, losses.2)
        let d = scaled(s.d, losses.3)
        let sum = a + b + c + d
        func stored(_ part: Double) -> UInt16 {
            let shared = (1 - Self.share) * part / sum + Self.share / Double(Self.expertCount)
            return UInt16(clamp((shared * 65_536).rounded(.toNearestOrEven), 1...65_535))
        }
        visits &+= 1
        slots[index] = Slot(
            a: stored(a), b: stored(b), c: stored(c), d: stored(d),
            visits: s.visits == .max ? s.visits : s.visits + 1,
            lastUse: UInt16(truncatingIfNeeded: min(visits >> 6, 65_535)))
    }

    /// Puts a remembered slot back; one without visits or out of range is no slot.
    mutating func restore(_ number: Int, _ slot: Slot) {
        guard slots.indices.contains(number), slot.visits > 0 else { return }
        if slots[number].visits == 0 { live += 1 }
        slots[number] = slot
        // The clock goes on from the newest use.
        visits = max(visits, UInt64(slot.lastUse) << 6)
    }

    private mutating func evict(except kept: Int) {
        var oldest: Int?
        for index in slots.indices where index != kept && slots[index].visits > 0 {
            if slots[index].lastUse < (oldest.map { slots[$0].lastUse } ?? .max) { oldest = index }
        }
        guard let oldest else { return }
        slots[oldest] = Slot()
        live -= 1
        evictions &+= 1
    }
}

/// The outcome of one cycle: what the window between two observations showed.
public struct Outcome: Equatable, Sendable {
    /// Share of the window spent throttled or beyond the soft limit, 0…1.
    public var throttleShare: Double
    /// Share of the window stalled for memory over what counts as full pressure, 0…1.
    public var stallShare: Double
    /// Value served: the value signal times the busy share, 0…1.
    public var valueServed: Double

    public init(throttleShare: Double, stallShare: Double, valueServed: Double) {
        self.throttleShare = throttleShare
        self.stallShare = stallShare
        self.valueServed = valueServed
    }

    /// v*: the exponent of φ that the window would have allowed. Trouble calls for less, to the full
    /// exponent −1; without trouble the value served was worth up to +1.
    public var allowedExponent: Double {
        let trouble = clamp(throttleShare + stallShare, 0...1)
        return trouble > 0 ? -trouble : clamp(valueServed, 0...1)
    }

    /// An expert's counterfactual loss: how far its unweighted exponent was from v*, 0…1.
    public func loss(of exponent: Double) -> Double {
        clamp(abs(exponent - allowedExponent) / 2, 0...1)
    }
}
