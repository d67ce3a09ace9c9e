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
// But a workload that stands still hasn't survived, and reclaim at the ceiling takes a program's own code
// first: its other tasks may suffer as much as the one that leaks. So where with the limit at its
// ceiling *all* tasks of the group waited for half the time ("full" stall) and the group did less
// than half of the work that it did before, or waited for nine tenths whatever it did, the limit is opened: no
// memory.high at all for a while, memory.max alone, each time for longer, and for as long as it goes on
// growing: what leaks by the clock leaks no less for being braked. A visible end by the
// OOM killer, after which a workload can be started anew, is better than a freeze. (The work is its CPU
// time outside of the kernel: "full" alone would call a group frozen whose other tasks happen to sleep between two pieces of
// work.) Without PSI some stall and the work decide.
//
// The limit begins at its ceiling: a group that has just been started grows, and its growth is no waste.
// Once it stays about as large as it is for six seconds, the limit is put where its use lies.
//
// A ceiling that comes down below the use takes the limit down to the use, and no further at once. Whoever
// writes a memory.high below the use reclaims the difference himself, in the write: tens of seconds for
// 100 MiB into compressed swap, in which nobody looks after the group. And what is reclaimed so is room for a leak to
// go on with; a leak that finds none is put to sleep by the kernel, while tasks that need no more memory work
// on at full speed. From there on the limit goes by the stall, as everywhere: slowly down while nobody waits.

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
    /// And one that surely does.
    static let frozenShareSurely = 0.9
    /// Less of its usual work than this is none.
    static let frozenPace = 0.5
    /// Stalled for less than this share of the time a group does its usual work.
    static let freeShare = 0.1
    /// Over at least this time, ms: one reclaim pass isn't a freeze, and five seconds are one.
    static let frozenMs: Int64 = 2_000
    /// Longest time that it stays open, ms; it begins with a window.
    static let restMsMost: Int64 = 300_000
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
        /// CPU time of all tasks outside of the kernel, µs, ever; nil where it isn't known.
        public let cpuMicros: UInt64?
        public let currentBytes: UInt64
        /// Of the group's, beside that in swap.
        public let swappedBytes: UInt64
        public let floorBytes: UInt64
        public let ceilingBytes: UInt64

        public init(
            nowMs: Int64, someMicros: UInt64, fullMicros: UInt64?, cpuMicros: UInt64? = nil,
            currentBytes: UInt64, swappedBytes: UInt64 = 0, floorBytes: UInt64, ceilingBytes: UInt64
        ) {
            // Held where sums and differences can't overflow, whatever a file said.
            self.nowMs = max(0, min(nowMs, 1 << 53))
            self.someMicros = someMicros
            self.fullMicros = fullMicros
            self.cpuMicros = cpuMicros
            self.currentBytes = min(currentBytes, 1 << 60)
            self.swappedBytes = min(swappedBytes, 1 << 60)
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
        /// At the ceiling, until the group has settled.
        case ceiling
        /// Its tasks waited too long.
        case backedOff
        /// Its tasks waited little.
        case probed
        /// It holds more that it can't give back.
        case raisedToFloor
        /// The decision lowered the ceiling.
        case loweredToCeiling
        /// And below the use: down to that.
        case loweredToUse
        /// It stood still at its ceiling.
        case opened

        public var text: StaticString {
            switch self {
            case .held: "held"
            case .engaged: "settled: the limit is put where the use lies"
            case .ceiling: "at the ceiling, until the group has settled"
            case .backedOff: "tasks waited for memory: backed off"
            case .probed: "no task waited: probing"
            case .raisedToFloor: "raised to what can't be given back, and a reserve"
            case .loweredToCeiling: "lowered with the ceiling"
            case .loweredToUse: "lowered to the use: the ceiling is below"
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
    /// The limit waits at its ceiling for the group to settle.
    private var isSettling = true
    /// The begin of the window in which the limit has been at its ceiling.
    private var atCeiling: Reading?
    /// Since when it is open, after a freeze.
    private var openedMs: Int64?
    /// Whether it grew in the last window of that time.
    private var growsOn = false
    /// For how long the next time, ms. It doubles, until the group has settled once.
    private var restMs = SenpaiLaw.windowMs
    /// CPU time a ms while nothing holds the group up, µs; 0 where that isn't known.
    private var pace = 0.0
    private var paceFrom: Reading?

    /// - Parameter quietMs: longer than the law's own where each write is dear.
    public init(quietMs: Int64 = SenpaiLaw.windowMs) { self.quietMs = max(Self.windowMs, quietMs) }

    /// How long until the next look is due, ms; nil before the first reading.
    public var nextLookMs: Int64? {
        guard base != nil else { return nil }
        return lastMove == .backedOff ? Self.urgentMs : Self.tickMs
    }

    /// Whether a look would do more than compare counters: a change is due, tasks waited, or the group
    /// is at its ceiling, where it may grow into what it can't give back.
    public func isDue(nowMs: Int64, someMicros: UInt64) -> Bool {
        guard let base, limitBytes != nil, atCeiling == nil, someMicros >= base.someMicros else {
            return true
        }
        let elapsedMs = nowMs &- base.nowMs
        return elapsedMs >= quietMs || elapsedMs < 0
            || Double(someMicros - base.someMicros) > Self.targetMicros
    }

    /// Begins anew.
    public mutating func reset() { self = SenpaiLaw(quietMs: quietMs) }

    public mutating func step(_ now: Reading) -> Move {
        let lower = Double(now.floorBytes)
        let ceiling = max(lower, Double(now.ceilingBytes))
        // A counter or clock that ran backwards: another group under the same name.
        guard let base, now.someMicros >= base.someMicros, now.nowMs >= base.nowMs,
            (now.fullMicros ?? 0) >= (base.fullMicros ?? 0)
        else { return begin(ceiling, now) }
        notePace(now)
        guard let limit = limitBytes else {
            // After a freeze the ceiling isn't met again for a while.
            if now.nowMs - base.nowMs >= Self.windowMs {
                growsOn = Self.hasGrown(from: base, to: now)
                self.base = now
            }
            guard isRestOver(now.nowMs) else { return end(.held) }
            restMs = min(Self.restMsMost, restMs * 2)
            return begin(ceiling, now)
        }
        let upper = max(ceiling, min(limit, Double(now.currentBytes)))
        let elapsedMs = now.nowMs - base.nowMs
        let target = Self.targetMicros * max(1, Double(elapsedMs) / Double(Self.windowMs))
        let stall = Double(now.someMicros - base.someMicros)

        if hasStoodStill(now, isAtCeiling: max(limit, lower) >= ceiling) {
            limitBytes = nil
            openedMs = now.nowMs
            growsOn = true
            self.base = now
            return end(.opened)
        }
        if limit < lower { return move(to: lower, .raisedToFloor, now) }
        if limit > upper {
            return move(to: upper, upper > ceiling ? .loweredToUse : .loweredToCeiling, now)
        }
        if isSettling { return settle(limit, upper, now, base, isQuiet: stall <= target) }
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

    private mutating func begin(_ ceiling: Double, _ now: Reading) -> Move {
        isSettling = true
        atCeiling = nil
        openedMs = nil
        paceFrom = now
        return move(to: max(ceiling, Double(now.currentBytes)), .ceiling, now)
    }

    /// At the ceiling: waits for a window in which the group stays as it is.
    private mutating func settle(
        _ limit: Double, _ upper: Double, _ now: Reading, _ base: Reading, isQuiet: Bool
    ) -> Move {
        guard now.nowMs - base.nowMs >= Self.windowMs else {
            // The decision raised the ceiling: the window goes on.
            guard limit < upper else { return end(.held) }
            limitBytes = upper
            return end(.ceiling)
        }
        guard isQuiet, !Self.hasGrown(from: base, to: now) else {
            self.base = now
            limitBytes = upper
            return end(limit < upper ? .ceiling : .held)
        }
        isSettling = false
        restMs = Self.windowMs
        return move(to: min(upper, Double(max(now.floorBytes, now.currentBytes))), .engaged, now)
    }

    private static func hasGrown(from base: Reading, to now: Reading) -> Bool {
        let before = base.currentBytes + base.swappedBytes
        return now.currentBytes + now.swappedBytes > before + before / settledPart
    }

    private func isRestOver(_ nowMs: Int64) -> Bool {
        guard let openedMs, nowMs >= openedMs else { return true }
        let elapsedMs = nowMs - openedMs
        return elapsedMs >= Self.restMsMost || elapsedMs >= restMs && !growsOn
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
        var works = false
        if let cpu = now.cpuMicros, let before = from.cpuMicros, cpu >= before, pace > 0 {
            works = Double(cpu - before) >= Self.frozenPace * pace * Double(elapsedMs)
        }
        guard let full = now.fullMicros, let before = from.fullMicros else {
            let windows = max(1, Double(elapsedMs) / Double(Self.windowMs))
            return !works && Double(now.someMicros - from.someMicros) > Self.targetMicros * windows
        }
        let share = Double(full - before) / Double(elapsedMs * 1000)
        return share >= (works ? Self.frozenShareSurely : Self.frozenShare)
    }

    /// Learns how much the group does in a second in which memory doesn't hold it up.
    private mutating func notePace(_ now: Reading) {
        guard let from = paceFrom else {
            paceFrom = now
            return
        }
        let elapsedMs = now.nowMs - from.nowMs
        guard elapsedMs >= Self.tickMs else { return }
        paceFrom = now
        guard let cpu = now.cpuMicros, let before = from.cpuMicros, cpu >= before,
            now.someMicros >= from.someMicros,
            Double(now.someMicros - from.someMicros) < Self.freeShare * Double(elapsedMs) * 1000
        else { return }
        let rate = Double(cpu - before) / Double(elapsedMs)
        pace = pace == 0 ? rate : (pace + rate) / 2
    }

    private mutating func move(to limit: Double, _ move: Move, _ now: Reading) -> Move {
        limitBytes = limit
        base = now
        // Where that is the ceiling after all, the next look begins a new window.
        if move == .engaged || move == .probed { atCeiling = nil }
        return end(move)
    }

    private mutating func end(_ move: Move) -> Move {
        if limitBytes == nil { atCeiling = nil }
        lastMove = move
        return move
    }
}
