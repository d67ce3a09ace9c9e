// What the workload has said of itself: its signals, their rhythm, and its clock.
//
// Signals. Each counts for three intervals. By socket they win over the file, word by word.
//
// Rhythm (the ψ wave trigger). A workload tends to speak at regular times. When the time since its
// last word leaves its band, something has changed, and the next observation is brought forward: once
// between two regular ones, and no sooner than `earlyGapMs` after the last. So nobody on the socket
// can make the agent observe more than twice as often as it would.
//
// Clock. A workload's times are wall-clock times, a series' times count from the boot. The difference
// is kept until the clock has moved by more than a second: times come back as they were given, and
// when a clock without a battery is set at last, what was appended before moves along with it.

import Chamber
import Model

struct LocalDesk {
    /// The shortest interval that can be set (`--interval`).
    static let earlyGapMs: Int64 = 100
    /// A difference that a clock's own drift doesn't make between two looks.
    static let clockStepMs: Int64 = 1000
    /// Intervals for which a signal counts.
    static let freshIntervals: Int64 = 3

    private struct Word {
        var number: Double
        var atMs: Int64
    }

    private var entropy: Word?
    private var value: Word?
    private var timing = InputTiming()
    private var wallOffsetMs: Int64?
    /// The regular observation that an early one was put before.
    private var regularMs: Int64?
    private var lastObservedMs: Int64?
    /// The observation under way, or the last one, was an early one.
    private(set) var isEarly = false

    private(set) var signalsTaken: UInt64 = 0
    private(set) var earlyObservations: UInt64 = 0
    /// With the last observation: from the socket or the file.
    var lastSignals = Signals()

    /// - Returns: whether the time since the last signal calls for an early observation.
    mutating func note(_ signals: Signals, nowMs: Int64) -> Bool {
        if let number = signals.entropy { entropy = Word(number: number, atMs: nowMs) }
        if let number = signals.value { value = Word(number: number, atMs: nowMs) }
        signalsTaken += 1
        timing.note(nowMs: nowMs)
        return timing.isTriggered
    }

    /// What counts now, over what else was said.
    func signals(over other: Signals, nowMs: Int64, intervalMs: Int64) -> Signals {
        func fresh(_ word: Word?) -> Double? {
            guard let word, nowMs - word.atMs <= Self.freshIntervals * intervalMs else { return nil }
            return word.number
        }
        return Signals(entropy: fresh(entropy) ?? other.entropy, value: fresh(value) ?? other.value)
    }

    /// When to observe instead of at `nextMs`; nil where no early observation is left until then.
    mutating func early(before nextMs: Int64, nowMs: Int64) -> Int64? {
        guard regularMs == nil, !isEarly else { return nil }
        let wanted = max(nowMs, (lastObservedMs ?? nowMs) + Self.earlyGapMs)
        guard wanted < nextMs else { return nil }
        regularMs = nextMs
        return wanted
    }

    mutating func observing(atMs nowMs: Int64) {
        isEarly = regularMs.map { nowMs < $0 } ?? false
        regularMs = nil
        lastObservedMs = nowMs
        if isEarly { earlyObservations += 1 }
    }

    /// Wall-clock time minus time since the boot.
    mutating func wallOffsetMs(_ now: Instant) -> Int64 {
        let offset = now.wallMs - now.monotonicMs
        if let kept = wallOffsetMs, (offset - kept).magnitude <= Self.clockStepMs { return kept }
        wallOffsetMs = offset
        return offset
    }
}
