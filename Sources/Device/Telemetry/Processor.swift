// Where the CPUs' time goes, and how fast they are asked to run.

import Bytes
import Model
import System

/// /proc/stat's first line, in ticks since boot: busy and waiting shares are differences of two reads.
/// https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat
struct ProcessorTime {
    struct Ticks: Equatable {
        var total: UInt64 = 0
        var idle: UInt64 = 0
        var iowait: UInt64 = 0
    }

    struct Shares: Equatable {
        var busy: Double
        var iowait: Double
    }

    /// The time constant of `activity`, s.
    private static let activityTauS = 60.0

    // The line of the sum comes first; what follows, a line a core and one of all interrupts, is long.
    private let file: HeldFile
    private var place = 0
    private var last: Ticks?
    /// At the last look of any kind, a step's included.
    private var lastLook: Ticks?
    private(set) var isPresent = false
    var path: String { file.path }
    /// The busy share, smoothed over a minute.
    private(set) var activity: Double?

    init(procfsRoot: String) { file = HeldFile("\(procfsRoot)/stat", .head) }

    mutating func discover(_ ledger: inout SensorLedger) {
        isPresent = FileSystem.exists(file.path)
        if isPresent { place = ledger.place("stat") }
    }

    /// Nil in the first cycle, which has nothing to compare with.
    mutating func read(_ cycle: inout Cycle) -> Shares? {
        let (count, found) = look(cycle.buffer)
        lastLook = found
        guard let ticks = cycle.ledger.note(place, count, found) else {
            last = nil
            return nil
        }
        defer { last = ticks }
        guard let last, let shares = Self.shares(from: last, to: ticks) else { return nil }
        let elapsedS = cycle.elapsedS ?? 0
        let weight = elapsedS / (elapsedS + Self.activityTauS)
        activity = activity.map { $0 + (shares.busy - $0) * weight } ?? shares.busy
        return shares
    }

    /// The busy share since the last look, between two samples; the sample's own goes on over both.
    mutating func step(_ buffer: UnsafeMutableBufferPointer<UInt8>) -> Double? {
        let (_, ticks) = look(buffer)
        defer { lastLook = ticks }
        guard let ticks, let lastLook else { return nil }
        return Self.shares(from: lastLook, to: ticks)?.busy
    }

    private func look(_ buffer: UnsafeMutableBufferPointer<UInt8>) -> (count: Int, ticks: Ticks?) {
        let head = UnsafeMutableBufferPointer(rebasing: buffer[..<min(256, buffer.count)])
        let count = file.read(into: head)
        let text = UnsafeBufferPointer(rebasing: head[..<max(0, count)])
        return (count, count < 0 ? nil : Self.ticks(text))
    }

    /// `cpu  user nice system idle iowait irq softirq steal guest guest_nice`; a guest's time is in
    /// user's already.
    static func ticks(_ text: UnsafeBufferPointer<UInt8>) -> Ticks? {
        var scan = Scan(text)
        guard scan.take("cpu ") else { return nil }
        var ticks = Ticks()
        for index in 0..<8 {
            guard let value = scan.unsigned(), value < 1 << 56 else {
                // Before Linux 2.6 the line was shorter; four fields are the least that mean something.
                guard index >= 4 else { return nil }
                break
            }
            ticks.total += value
            if index == 3 { ticks.idle = value }
            if index == 4 { ticks.iowait = value }
        }
        return ticks
    }

    /// iowait may run backwards (proc(5)): what it lost then counts as no waiting.
    static func shares(from last: Ticks, to now: Ticks) -> Shares? {
        guard now.total > last.total else { return nil }
        let total = Double(now.total - last.total)
        func grown(_ before: UInt64, _ after: UInt64) -> Double {
            after > before ? Double(after - before) : 0
        }
        let iowait = grown(last.iowait, now.iowait)
        let idle = grown(last.idle, now.idle)
        return Shares(
            busy: max(0, min(1, 1 - (idle + iowait) / total)), iowait: min(1, iowait / total))
    }
}

/// The first CPU policy: these boards have one for all cores.
/// https://docs.kernel.org/admin-guide/pm/cpufreq.html
struct FrequencyPolicy {
    private let folder: String
    private let current: HeldFile
    private let ceiling: HeldFile
    private var place = 0
    private(set) var isPresent = false
    var paths: [String] { [current.path, ceiling.path] }
    // The hardware's: they don't move, and are read when it is looked for.
    private var maximumKHz: Int64?
    private var minimumKHz: Int64 = 0
    private var availableKHz: [Int] = []

    init(sysfsRoot: String) {
        folder = "\(sysfsRoot)/devices/system/cpu/cpufreq/policy0"
        current = HeldFile("\(folder)/scaling_cur_freq")
        ceiling = HeldFile("\(folder)/scaling_max_freq")
    }

    mutating func discover(_ ledger: inout SensorLedger) {
        isPresent = FileSystem.exists(current.path)
        guard isPresent else { return }
        place = ledger.place("cpufreq")
        maximumKHz = OneShot.integer("\(folder)/cpuinfo_max_freq", in: Plausible.frequencyKHz)
        minimumKHz = OneShot.integer("\(folder)/cpuinfo_min_freq", in: Plausible.frequencyKHz) ?? 0
        availableKHz = Self.steps(OneShot.bytes("\(folder)/scaling_available_frequencies") ?? [])
    }

    /// Some drivers list the steps falling, some rising.
    static func steps(_ text: [UInt8]) -> [Int] {
        var steps: [Int] = []
        for word in Text.words(text[...]) {
            guard let step = Text.integer(word), Plausible.frequencyKHz.contains(step) else { continue }
            steps.append(Int(step))
        }
        steps.sort()
        return steps
    }

    func read(_ cycle: inout Cycle) -> FrequencyReading? {
        var (count, text) = cycle.read(current)
        let now = count < 0 ? nil : Self.plausible(text)
        guard let now else { return cycle.ledger.note(place, count, nil) }
        (count, text) = cycle.read(ceiling)
        let limit = count < 0 ? nil : Self.plausible(text)
        guard let limit, let maximumKHz else { return cycle.ledger.note(place, count, nil) }
        return cycle.ledger.note(
            place, count,
            FrequencyReading(
                currentKHz: Int(now), maximumKHz: Int(maximumKHz), ceilingKHz: Int(limit),
                minimumKHz: Int(minimumKHz), availableKHz: availableKHz))
    }

    private static func plausible(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        Scan.only(text).flatMap { Plausible.frequencyKHz.contains($0) ? $0 : nil }
    }
}
