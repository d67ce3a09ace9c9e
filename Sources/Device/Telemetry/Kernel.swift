// What the kernel tells of memory, load and stalls: the texts of /proc. Parsing is apart from reading,
// so that tests and other tools can feed it texts.

import Model
import System

/// /proc/meminfo. https://docs.kernel.org/filesystems/proc.html#meminfo
enum MemoryInfo {
    /// Nil without MemTotal and MemAvailable, and where the figures contradict each other.
    static func parse(_ text: UnsafeBufferPointer<UInt8>) -> MemoryReading? {
        var scan = Scan(text)
        var total: UInt64?
        var available: UInt64?
        var swapTotal: UInt64?
        var swapFree: UInt64?
        while !scan.isAtEnd {
            guard scan.isAt(0x4d) || scan.isAt(0x53) else {
                scan.skipLine()
                continue
            }
            if scan.take("MemTotal:") {
                total = bytes(&scan)
            } else if scan.take("MemAvailable:") {
                available = bytes(&scan)
            } else if scan.take("SwapTotal:") {
                guard let value = bytes(&scan) else { return nil }
                swapTotal = value
            } else if scan.take("SwapFree:") {
                guard let value = bytes(&scan) else { return nil }
                swapFree = value
            }
            // Swap's lines stand in the first third of the file: the rest isn't looked at.
            if total != nil, available != nil, swapTotal != nil, swapFree != nil { break }
            scan.skipLine()
        }
        let (swap, free) = (swapTotal ?? 0, swapFree ?? 0)
        guard let total, let available, total > 0, available <= total, free <= swap else { return nil }
        return MemoryReading(
            totalBytes: total, availableBytes: available, swapTotalBytes: swap, swapFreeBytes: free)
    }

    static func parse(_ text: [UInt8]) -> MemoryReading? { text.withUnsafeBufferPointer { parse($0) } }

    /// From the kernel's "kB", which are KiB.
    private static func bytes(_ scan: inout Scan) -> UInt64? {
        guard let value = scan.unsigned(), value <= Plausible.memoryKBMost else { return nil }
        return value * 1024
    }
}

/// /proc/loadavg. https://man7.org/linux/man-pages/man5/proc_loadavg.5.html
enum LoadAverage {
    static func parse(_ text: UnsafeBufferPointer<UInt8>) -> LoadReading? {
        var scan = Scan(text)
        guard let one = value(&scan), let five = value(&scan), let fifteen = value(&scan) else { return nil }
        return LoadReading(one: one, five: five, fifteen: fifteen)
    }

    private static func value(_ scan: inout Scan) -> Double? {
        guard let value = scan.decimal(), Plausible.load.contains(value) else { return nil }
        return value
    }
}

/// /proc/pressure/{memory,cpu,io}. Absent, or EOPNOTSUPP, unless the kernel was started with psi=1.
/// https://docs.kernel.org/accounting/psi.html
struct Pressure {
    struct Line: Equatable {
        /// Share of the last 10 s, percent.
        var average10: Double
        /// Since boot, µs.
        var totalMicros: UInt64
    }

    private let memory: HeldFile
    private let cpu: HeldFile
    private let io: HeldFile
    private var place = 0
    private(set) var isPresent = false
    /// µs that some task has stalled on memory, as last read.
    private var seenMicros: UInt64?
    var paths: [String] { [memory.path, cpu.path, io.path] }

    init(procfsRoot: String) {
        memory = HeldFile("\(procfsRoot)/pressure/memory")
        cpu = HeldFile("\(procfsRoot)/pressure/cpu")
        io = HeldFile("\(procfsRoot)/pressure/io")
    }

    mutating func discover(_ cycle: inout Cycle) {
        // A kernel that has it switched off shows the files and refuses to read them.
        let (count, _) = cycle.read(memory)
        let error = Errno(code: Int32(truncatingIfNeeded: count < 0 ? -count : 0))
        isPresent = count >= 0 || (!error.isMissing && error != .unsupported)
        if isPresent { place = cycle.ledger.place("pressure") }
    }

    mutating func read(_ cycle: inout Cycle) -> PressureReading? {
        var (count, text) = cycle.read(memory)
        let some = count < 0 ? nil : Self.line("some ", in: text)
        let full = count < 0 ? nil : Self.line("full ", in: text)
        seenMicros = some?.totalMicros
        guard let some, let full else { return cycle.ledger.note(place, count, nil) }
        (count, text) = cycle.read(cpu)
        guard let cpu = count < 0 ? nil : Self.line("some ", in: text) else {
            return cycle.ledger.note(place, count, nil)
        }
        (count, text) = cycle.read(io)
        guard let io = count < 0 ? nil : Self.line("some ", in: text) else {
            return cycle.ledger.note(place, count, nil)
        }
        return cycle.ledger.note(
            place, count,
            PressureReading(
                memorySomePercent: some.average10, memoryFullPercent: full.average10,
                cpuSomePercent: cpu.average10, ioSomePercent: io.average10,
                memorySomeTotalMicros: some.totalMicros))
    }

    /// Whether tasks stalled on memory, since the file was last read, for as long as wakes the agent.
    mutating func hasStalled(_ cycle: Cycle) -> Bool {
        let (count, text) = cycle.read(memory)
        let total = count < 0 ? nil : Self.line("some ", in: text)?.totalMicros
        defer { seenMicros = total }
        guard let total, let seenMicros, total >= seenMicros else { return false }
        return total - seenMicros >= StallWatch.leastMicros
    }

    /// `some avg10=0.12 avg60=0.05 avg300=0.01 total=12345`
    static func line(_ kind: StaticString, in text: UnsafeBufferPointer<UInt8>) -> Line? {
        var scan = Scan(text)
        while !scan.isAtEnd {
            if scan.take(kind) { return line(&scan) }
            scan.skipLine()
        }
        return nil
    }

    private static func line(_ scan: inout Scan) -> Line? {
        var average: Double?
        var total: UInt64?
        // Four fields, and room for as many that a later kernel may add.
        for _ in 0..<8 where average == nil || total == nil {
            scan.skipBlanks()
            if scan.take("avg10=") {
                average = scan.decimal()
                guard average != nil else { return nil }
            } else if scan.take("total=") {
                total = scan.unsigned()
                guard total != nil else { return nil }
            } else {
                scan.skipWord()
            }
        }
        guard let average, let total, Plausible.percent.contains(average), total <= UInt64(Int64.max)
        else { return nil }
        return Line(average10: average, totalMicros: total)
    }
}
