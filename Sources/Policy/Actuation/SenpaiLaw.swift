// memory.high by the pressure that it makes: Senpai's law. Pure; it is fed with readings of the group
// and says what the limit should be. https://github.com/facebookincubator/senpai describes the original.
//
// The aim: a group should hold what it uses, and no more. The limit creeps down on it until the tasks
// inside begin to wait for memory ("some" stall of PSI), about 10 ms in 6 s. Past that it backs off at
// once, and by more the more they wait. What is squeezed out this way is page cache nobody missed, or,
// with zram, cold memory.
//
// The limit lives between two bounds.
// - The floor is what the group can't give back, and a reserve. Below it reclaim could only fail, so the
//   limit follows the floor up at once, wherever the ceiling is.
// - The ceiling lies a little under memory.max. A group that grows (a leak) comes to it, is slowed there
//   by the kernel, which puts whoever allocates to sleep, and from there on gets only the floor's reserve
//   at each look: a leak grows slowly while the group's other tasks work on.
//
// But a workload that stands still hasn't survived. Where *all* tasks of the group waited for half the time
// ("full" stall) with the limit at its ceiling, the limit is opened: no memory.high at all for a
// while, memory.max alone. A visible end by the OOM killer, after which a workload can be started anew, is
// better than a freeze. The same is done where there is no PSI, which could tell the one from the other.
//
// The limit begins open, too: a group that has just been started grows, and its growth is no waste.
// Once it stays about as large as it is for six seconds, the limit is put where its use lies.

public struct SenpaiLaw: Sendable {
    /// The stall that is aimed at, µs of "some" in `windowMs`.
    public static let targetMicros = 10_000.0
    /// Also the quiet time before each probe: six ticks of a second.
    public static let windowMs: Int64 = 6_000
    /// A stall of this many targets doubles the limit.
    static let backOffScale = 20.0
    /// A stall of a target divided by this makes the longest step down.
    static let probeScale = 10.0
    /// Longest step down, share of the limit.
    static let probeMost = 0.01
    /// At the ceiling, a share of the time in which all tasks waited that counts as standing still.
    static let frozenShare = 0.5
    /// Over at least this time, ms: one reclaim pass isn't a freeze, and five seconds are one.
    static let frozenMs: Int64 = 2_000
    /// Growth within a window that is none, as a part of the group's size.
    static let settledPart: UInt64 = 16
    /// Between two looks while the limit holds something, ms.
    public static let tickMs: Int64 = 1_000
    /// After a back-off below the ceiling the next look comes sooner: the group may still be short.
    public static let urgentMs: Int64 = 250

    /// What the kernel says of the group.
    public struct Reading: Equatable, Sendable {
        /// Monotonic.
        public let nowMs: Int64
        /// Time in which some task waited for memory, µs, ever; or an estimate of it.
        public let someMicros: UInt64
        /// Time in which all waited; nil without PSI.
        public let fullMicros: UInt64?
        public let currentBytes: UInt64
        public let floorBytes: UInt64
        public let ceilingBytes: UInt64

        public init(
            nowMs: Int64, someMicros: UInt64, fullMicros: UInt64?, currentBytes: UInt64,
            floorBytes: UInt64, ceilingBytes: UInt64
        ) {
            // Held where sums and differences can't overflow, whatever a file said.
            self.nowMs = max(0, min(nowMs, 1 << 53))
            self.someMicros = someMicros
            self.fullMicros = fullMicros
            self.currentBytes = min(currentBytes, 1 << 60)
            self.floorBytes = min(floorBytes, 1 << 60)
            self.ceilingBytes = min(ceilingBytes, 1 << 60)
        }
    }

    /// Why the limit is what it is.
    public enum Move: Sendable {
        /// Nothing changed.
        case held
        /// The group has settled: the limit is put where its use lies.
        case engaged
        /// The group reached its ceiling.
        case ceiling
        /// Its tasks waited too long.
        case backedOff
        /// Its tasks waited little.
        case probed
        /// It holds more that it can't give back.
        case raisedToFloor
        /// The decision lowered the ceiling.
        case loweredToCeiling
        /// It stood still at its ceiling.
        case opened

        public var text: StaticString {
            switch self {
            case .held: "held"
            case .engaged: "settled: the limit is put where the use lies"
            case .ceiling: "the ceiling is reached"
            case .backedOff: "tasks waited for memory: backed off"
            case .probed: "no task waited: probing"
            case .raisedToFloor: "raised to what can't be given back, and a reserve"
            case .loweredToCeiling: "lowered with the ceiling"
            case .opened: "all tasks stood still at the ceiling: opened"
            }
        }
    }

    /// nil: open, no limit.
    public private(set) var limitBytes: Double?
    public private(set) var lastMove = Move.held
    /// Quiet time before a probe, ms.
    private let quietMs: Int64
    /// The reading at the last change, or at the begin of the window.
    private var base: Reading?
    /// The begin of the window in which the limit has been at its ceiling.
    private var atCeiling: Reading?
    private var openedMs: Int64?

    /// - Parameter quietMs: longer than the law's own where each write is dear.
    public init(quietMs: Int64 = SenpaiLaw.windowMs) { self.quietMs = max(Self.windowMs, quietMs) }

    /// How long until the next look is due, ms; nil while the next cycle is soon enough.
    public var nextLookMs: Int64? {
        guard limitBytes != nil else { return nil }
        return lastMove == .backedOff ? Self.urgentMs : Self.tickMs
    }

    /// Whether a look would do more than compare counters: a change is due, or tasks waited.
    public func isDue(nowMs: Int64, someMicros: UInt64) -> Bool {
        guard let base, someMicros >= base.someMicros else { return true }
        let elapsedMs = nowMs &- base.nowMs
        return elapsedMs >= quietMs || elapsedMs < 0
            || Double(someMicros - base.someMicros) > Self.targetMicros
    }

    /// Begins anew, open.
    public mutating func reset() { self = SenpaiLaw(quietMs: quietMs) }

    public mutating func step(_ now: Reading) -> Move {
        // A counter or clock that ran backwards: another group under the same name.
        guard let base, now.someMicros >= base.someMicros, now.nowMs >= base.nowMs,
            (now.fullMicros ?? 0) >= (base.fullMicros ?? 0)
        else {
            self.base = now
            return end(.held)
        }
        let elapsedMs = now.nowMs - base.nowMs
        let windows = max(1, Double(elapsedMs) / Double(Self.windowMs))
        let target = Self.targetMicros * windows
        let stall = Double(now.someMicros - base.someMicros)
        let lower = Double(now.floorBytes)
        let upper = max(lower, Double(now.ceilingBytes))

        guard let limit = limitBytes else {
            return openStep(now, base, elapsedMs: elapsedMs, isQuiet: stall <= target)
        }
        if hasStoodStill(now, isAtCeiling: max(limit, lower) >= upper) {
            limitBytes = nil
            openedMs = now.nowMs
            self.base = now
            return end(.opened)
        }
        if limit < lower { return move(to: lower, .raisedToFloor, now) }
        if limit > upper { return move(to: upper, .loweredToCeiling, now) }
        if stall > target {
            guard limit < upper else { return end(.held) }
            let excess = stall / target / Self.backOffScale
            return move(to: min(upper, limit * (1 + min(1, excess * excess))), .backedOff, now)
        }
        guard elapsedMs >= quietMs else { return end(.held) }
        let slack = target / max(stall, 1) / Self.probeScale
        let step = min(Self.probeMost, Self.probeMost * slack * slack)
        return move(to: max(lower, limit * (1 - step)), .probed, now)
    }

    /// While open: waits for a window in which the group stays as it is, or for the ceiling.
    private mutating func openStep(
        _ now: Reading, _ base: Reading, elapsedMs: Int64, isQuiet: Bool
    ) -> Move {
        let upper = max(now.floorBytes, now.ceilingBytes)
        // After a freeze the same ceiling isn't met again before a window has passed.
        let isResting = openedMs.map { now.nowMs - $0 < Self.windowMs } ?? false
        if now.currentBytes >= now.ceilingBytes, !isResting {
            return move(to: Double(upper), .ceiling, now)
        }
        guard elapsedMs >= Self.windowMs else { return end(.held) }
        self.base = now
        let grown = now.currentBytes > base.currentBytes + base.currentBytes / Self.settledPart
        guard isQuiet, !grown, !isResting else { return end(.held) }
        return move(
            to: Double(min(upper, max(now.floorBytes, now.currentBytes))), .engaged, now)
    }

    /// Looks at windows of `frozenMs` with the limit at its ceiling, whatever it moved meanwhile.
    private mutating func hasStoodStill(_ now: Reading, isAtCeiling: Bool) -> Bool {
        guard isAtCeiling, let from = atCeiling else {
            atCeiling = isAtCeiling ? now : nil
            return false
        }
        let elapsedMs = now.nowMs - from.nowMs
        guard elapsedMs >= Self.frozenMs else { return false }
        atCeiling = now
        let windows = Double(elapsedMs) / Double(Self.windowMs)
        guard let full = now.fullMicros, let before = from.fullMicros else {
            return Double(now.someMicros - from.someMicros) > Self.targetMicros * max(1, windows)
        }
        return Double(full - before) >= Self.frozenShare * Double(elapsedMs) * 1000
    }

    private mutating func move(to limit: Double, _ move: Move, _ now: Reading) -> Move {
        limitBytes = limit
        base = now
        return end(move)
    }

    private mutating func end(_ move: Move) -> Move {
        if limitBytes == nil { atCeiling = nil }
        lastMove = move
        return move
    }
}
