// When the hardware is looked at again, and when a change is believed.
//
// Looking costs some dozen files, so it is done once a minute. What is plugged in or comes loose shows
// in several steps (a card on the bus before its driver tells its memory), and a file of a busy
// machine may be unreadable once. So a record that differs is looked at again some seconds later, and
// it is taken when two looks in a row agree on it. What flaps more slowly than that is the chamber's to
// judge: a change back within a minute is no collapse.

import Model

public struct HardwareWatch: Sendable {
    /// Between looks while nothing changes, ms.
    public static let intervalMs: Int64 = 60_000
    /// Until the look that confirms a change, ms: longer than a driver takes to come up.
    public static let confirmMs: Int64 = 5_000

    /// What the machine is taken for.
    public private(set) var record: HardwareRecord
    private var candidate: HardwareRecord?
    private var nextLookMs: Int64

    public init(_ record: HardwareRecord, nowMs: Int64) {
        self.record = record
        nextLookMs = nowMs + Self.intervalMs
    }

    /// Looks if it is time to; `look` gives nil where the machine can't be read now.
    public mutating func update(nowMs: Int64, look: () -> HardwareRecord?) {
        guard nowMs >= nextLookMs else { return }
        nextLookMs = nowMs + Self.intervalMs
        guard let seen = look(), seen != record else {
            candidate = nil
            return
        }
        if seen == candidate {
            record = seen
            candidate = nil
        } else {
            candidate = seen
            nextLookMs = nowMs + Self.confirmMs
        }
    }
}
