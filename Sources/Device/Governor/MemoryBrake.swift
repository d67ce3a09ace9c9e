// memory.high by feedback: reads how the group's tasks wait for memory, and asks SenpaiLaw for the limit.
//
// The feedback is the group's own memory.pressure. Where the kernel has no PSI (Raspberry Pi OS without
// psi=1) the group's memory.events stand in: each time that the group went over memory.high somebody had
// to reclaim first ("high"), and at memory.max even more so ("max"). The times put on them are rough; the
// law backs off by the same order. Without either nothing is limited: a limit that doesn't see what it
// does is not to be trusted.
//
// Where there is swap, memory of the group's own can be given back to it. Half of the free swap counts:
// with zram, the usual one on these boards, what is swapped out still takes a part of its room, and an
// over-large swap stalls for minutes before it is full.
// https://docs.kernel.org/accounting/psi.html
// https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files

import Actuation
import Bytes
import System

final class MemoryBrake {
    enum Source: Equatable {
        case pressure
        case events
        case none

        var name: StaticString {
            switch self {
            case .pressure: "memory.pressure"
            case .events: "memory.events"
            case .none: "none"
            }
        }
    }

    struct Counters: Equatable {
        var someMicros: UInt64
        /// Nil where it isn't known.
        var fullMicros: UInt64?
    }

    /// One reclaim of a batch of pages takes some 1 ms on these boards; at the hard limit it goes round
    /// several times.
    static let microsAHighEvent: UInt64 = 1_000
    static let microsAMaxEvent: UInt64 = 10_000
    /// Probing where each write starts a program, ms.
    static let dearQuietMs: Int64 = 60_000

    private let group: ManagedGroup
    private let reserveBytes: UInt64
    private let pressure: OpenFile
    private let events: OpenFile
    private let current: OpenFile
    private let promised: OpenFile
    private let stat: OpenFile
    private let cpu: OpenFile
    private let swapMax: OpenFile
    private let swapCurrent: OpenFile
    private let machine: OpenFile
    private(set) var law: SenpaiLaw
    private(set) var source = Source.none
    /// The last decision's memory.max; the group may need more.
    private var wantedBytes: UInt64?

    init(_ group: ManagedGroup, procfsRoot: String, memoryBytes: UInt64, isDear: Bool) {
        self.group = group
        reserveBytes = MemoryBounds.reserve(ofMemory: memoryBytes)
        pressure = OpenFile("\(group.folder)/memory.pressure", limit: 512)
        events = OpenFile("\(group.folder)/memory.events", limit: 1024)
        current = OpenFile("\(group.folder)/memory.current", limit: 64)
        promised = OpenFile("\(group.folder)/memory.min", limit: 64)
        // 70 lines in Linux 6.12.
        stat = OpenFile("\(group.folder)/memory.stat", limit: 8 << 10)
        cpu = OpenFile("\(group.folder)/cpu.stat", limit: 1024)
        swapMax = OpenFile("\(group.folder)/memory.swap.max", limit: 64)
        swapCurrent = OpenFile("\(group.folder)/memory.swap.current", limit: 64)
        machine = OpenFile("\(procfsRoot)/meminfo", limit: 8 << 10)
        law = SenpaiLaw(quietMs: isDear ? Self.dearQuietMs : SenpaiLaw.windowMs)
    }

    func bounds() -> MemoryBounds {
        var bounds = MemoryBounds(heldBytes: 0, reserveBytes: reserveBytes)
        // "max" as memory.min promises the group everything: then there is nothing to squeeze.
        bounds.promisedBytes = Self.bytes(promised) ?? 0
        let machine = (try? machine.read()) ?? []
        bounds.availableBytes = (Self.kibibytes("MemAvailable", in: machine) ?? 0) * 1024
        guard let text = try? stat.read() else {
            bounds.heldBytes = group.unreclaimableBytes()
            return bounds
        }
        bounds.heldBytes = ManagedGroup.unreclaimable(in: text)
        let own = ManagedGroup.value("anon", in: text) ?? 0
        bounds.swappableBytes = min(own, freeSwapBytes(machine) / 2)
        return bounds
    }

    /// The machine's, and of that what the group may have; 0 where it isn't known.
    private func freeSwapBytes(_ machine: ArraySlice<UInt8>) -> UInt64 {
        guard let free = Self.kibibytes("SwapFree", in: machine), let most = Self.bytes(swapMax) else {
            return 0
        }
        let used = Self.bytes(swapCurrent) ?? 0
        return min(free * 1024, most - min(most, used))
    }

    /// A line of /proc/meminfo, `SwapFree:  131072 kB`.
    private static func kibibytes(_ name: StaticString, in text: ArraySlice<UInt8>) -> UInt64? {
        var rest = text
        while !rest.isEmpty {
            let line = rest.prefix { $0 != 0x0a }
            rest = rest[line.endIndex...].dropFirst()
            guard let colon = line.firstIndex(of: 0x3a), Text.equal(line[..<colon], name) else { continue }
            let value = line[(colon + 1)...].prefix { $0 != 0x6b }
            guard let number = Text.integer(Text.trimmed(value)), number >= 0, number < 1 << 40 else {
                return nil
            }
            return UInt64(number)
        }
        return nil
    }

    private static func bytes(_ file: OpenFile) -> UInt64? {
        (try? file.read()).flatMap { ManagedGroup.bytes($0) }
    }

    /// With a decision: the ceiling moves, and the limit with it.
    func step(nowMs: Int64, wantedBytes: UInt64, _ bounds: MemoryBounds) -> SenpaiLaw.Move? {
        self.wantedBytes = wantedBytes
        return step(nowMs: nowMs, read(), bounds)
    }

    /// Between decisions. Nil when there is nothing to do.
    func look(nowMs: Int64) -> (move: SenpaiLaw.Move, memoryMaxBytes: UInt64)? {
        guard let wantedBytes, let counters = read(),
            law.isDue(nowMs: nowMs, someMicros: counters.someMicros)
        else { return nil }
        let bounds = bounds()
        guard let move = step(nowMs: nowMs, counters, bounds) else { return nil }
        return (move, memoryMax(wantedBytes, bounds))
    }

    /// What memory.max is to say while memory.high is ours.
    func memoryMax(_ wantedBytes: UInt64, _ bounds: MemoryBounds) -> UInt64 {
        bounds.memoryMax(wantedBytes, highBytes: highBytes, isOpened: law.limitBytes == nil)
    }

    /// What memory.high is to say; nil where it is open.
    var highBytes: UInt64? { law.limitBytes.flatMap { $0 < 9e18 ? UInt64(max(0, $0)) : nil } }

    func reset() {
        law.reset()
        wantedBytes = nil
    }

    private func step(
        nowMs: Int64, _ counters: Counters?, _ bounds: MemoryBounds
    ) -> SenpaiLaw.Move? {
        guard let counters, let wantedBytes,
            let current = Self.bytes(current)
        else {
            law.reset()
            return nil
        }
        // Not usage_usec: a task that reclaims in vain uses all the CPU time there is, in the kernel.
        let cpuMicros = (try? cpu.read()).flatMap { ManagedGroup.value("user_usec", in: $0) }
        return law.step(
            SenpaiLaw.Reading(
                nowMs: nowMs, someMicros: counters.someMicros, fullMicros: counters.fullMicros,
                cpuMicros: cpuMicros, currentBytes: current, swappedBytes: Self.bytes(swapCurrent) ?? 0,
                floorBytes: bounds.floorBytes,
                ceilingBytes: bounds.highCeiling(wantedBytes)))
    }

    private func read() -> Counters? {
        if source != .events, let text = try? pressure.read(), let found = Self.pressure(text) {
            source = .pressure
            return found
        }
        // Once on the events, on them: the two count from different zeros.
        if let text = try? events.read(), let found = Self.events(text) {
            if source == .pressure { law.reset() }
            source = .events
            return found
        }
        source = .none
        return nil
    }

    /// `some avg10=0.12 avg60=0.05 avg300=0.01 total=12345`, and the same for "full". Read at every look:
    /// without a list of words.
    static func pressure(_ text: ArraySlice<UInt8>) -> Counters? {
        var some: UInt64?
        var full: UInt64?
        var rest = text
        while !rest.isEmpty {
            let line = rest.prefix { $0 != 0x0a }
            rest = rest[line.endIndex...].dropFirst()
            guard let equals = line.lastIndex(of: 0x3d), Text.equal(line[..<equals].suffix(6), " total"),
                let total = Text.integer(line[(equals + 1)...]), let total = UInt64(exactly: total)
            else { continue }
            if Text.equal(line.prefix(5), "some ") { some = total }
            if Text.equal(line.prefix(5), "full ") { full = total }
        }
        return some.map { Counters(someMicros: $0, fullMicros: full) }
    }

    /// `high 12`, `max 3`.
    static func events(_ text: ArraySlice<UInt8>) -> Counters? {
        var micros: UInt64?
        for line in Text.lines(text) {
            let words = Text.words(line)
            guard words.count == 2, let count = Text.integer(words[1]), count >= 0 else { continue }
            let each =
                Text.equal(words[0], "high")
                ? microsAHighEvent : Text.equal(words[0], "max") ? microsAMaxEvent : 0
            guard each > 0 else { continue }
            let (added, overflow) = UInt64(count).multipliedReportingOverflow(by: each)
            micros = MemoryBounds.sum(micros ?? 0, overflow ? .max : added)
        }
        return micros.map { Counters(someMicros: $0, fullMicros: nil) }
    }
}
