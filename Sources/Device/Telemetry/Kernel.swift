// What the kernel tells of memory, load, stalls and frequency: the texts of /proc and cpufreq.
// Parsing is apart from reading, so that tests and other tools can feed it texts.

import Bytes
import Model
import System

/// /proc/meminfo. https://docs.kernel.org/filesystems/proc.html#meminfo
enum MemoryInfo {
    /// Nil without MemTotal and MemAvailable, and where the figures contradict each other.
    static func parse(_ text: ArraySlice<UInt8>) -> MemoryReading? {
        var total: UInt64?
        var available: UInt64?
        var swapTotal: UInt64 = 0
        var swapFree: UInt64 = 0
        for line in Text.lines(text) {
            let words = Text.words(line)
            guard words.count >= 2 else { continue }
            if Text.equal(words[0], "MemTotal:") {
                total = bytes(words[1])
            } else if Text.equal(words[0], "MemAvailable:") {
                available = bytes(words[1])
            } else if Text.equal(words[0], "SwapTotal:") {
                guard let value = bytes(words[1]) else { return nil }
                swapTotal = value
            } else if Text.equal(words[0], "SwapFree:") {
                guard let value = bytes(words[1]) else { return nil }
                swapFree = value
            }
        }
        guard let total, let available, total > 0, available <= total, swapFree <= swapTotal else {
            return nil
        }
        return MemoryReading(
            totalBytes: total, availableBytes: available, swapTotalBytes: swapTotal,
            swapFreeBytes: swapFree)
    }

    /// From the kernel's "kB", which are KiB.
    private static func bytes(_ word: ArraySlice<UInt8>) -> UInt64? {
        guard let value = Text.integer(word), Plausible.memoryKB.contains(value) else { return nil }
        return UInt64(value) * 1024
    }
}

/// /proc/loadavg. https://man7.org/linux/man-pages/man5/proc_loadavg.5.html
enum LoadAverage {
    static func parse(_ text: ArraySlice<UInt8>) -> LoadReading? {
        let words = Text.words(text)
        guard words.count >= 3, let one = value(words[0]), let five = value(words[1]),
            let fifteen = value(words[2])
        else { return nil }
        return LoadReading(one: one, five: five, fifteen: fifteen)
    }

    private static func value(_ word: ArraySlice<UInt8>) -> Double? {
        guard let value = Text.decimal(word), Plausible.load.contains(value) else { return nil }
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

    private let memory: OpenFile
    private let cpu: OpenFile
    private let io: OpenFile
    private(set) var isPresent = false

    init(procfsRoot: String) {
        memory = OpenFile("\(procfsRoot)/pressure/memory", limit: 512)
        cpu = OpenFile("\(procfsRoot)/pressure/cpu", limit: 512)
        io = OpenFile("\(procfsRoot)/pressure/io", limit: 512)
    }

    mutating func discover() {
        // A kernel that has it switched off shows the files and refuses to read them.
        do throws(Errno) {
            _ = try memory.read()
            isPresent = true
        } catch {
            isPresent = !error.isMissing && error != .unsupported
        }
    }

    func read() -> PressureReading? {
        guard let text = try? memory.read(), let some = Self.line("some", in: text),
            let full = Self.line("full", in: text)
        else { return nil }
        guard let text = try? cpu.read(), let cpu = Self.line("some", in: text) else { return nil }
        guard let text = try? io.read(), let io = Self.line("some", in: text) else { return nil }
        return PressureReading(
            memorySomePercent: some.average10, memoryFullPercent: full.average10,
            cpuSomePercent: cpu.average10, ioSomePercent: io.average10,
            memorySomeTotalMicros: some.totalMicros)
    }

    /// `some avg10=0.12 avg60=0.05 avg300=0.01 total=12345`
    static func line(_ kind: StaticString, in text: ArraySlice<UInt8>) -> Line? {
        for line in Text.lines(text) {
            let words = Text.words(line)
            guard let first = words.first, Text.equal(first, kind) else { continue }
            var average: Double?
            var total: Int64?
            for word in words {
                guard let equals = word.firstIndex(of: 0x3d) else { continue }
                let value = word[(equals + 1)...]
                if Text.equal(word[..<equals], "avg10") { average = Text.decimal(value) }
                if Text.equal(word[..<equals], "total") { total = Text.integer(value) }
            }
            guard let average, let total, Plausible.percent.contains(average), total >= 0 else {
                return nil
            }
            return Line(average10: average, totalMicros: UInt64(total))
        }
        return nil
    }
}

/// The first CPU policy: these boards have one for all cores.
/// https://docs.kernel.org/admin-guide/pm/cpufreq.html
struct FrequencyPolicy {
    private let current: OpenFile
    private let maximum: OpenFile
    private let ceiling: OpenFile
    private(set) var isPresent = false

    init(sysfsRoot: String) {
        let folder = "\(sysfsRoot)/devices/system/cpu/cpufreq/policy0"
        current = OpenFile("\(folder)/scaling_cur_freq", limit: 64)
        maximum = OpenFile("\(folder)/cpuinfo_max_freq", limit: 64)
        ceiling = OpenFile("\(folder)/scaling_max_freq", limit: 64)
    }

    mutating func discover() { isPresent = FileSystem.exists(current.path) }

    func read() -> FrequencyReading? {
        guard let current = current.integer(in: Plausible.frequencyKHz),
            let maximum = maximum.integer(in: Plausible.frequencyKHz),
            let ceiling = ceiling.integer(in: Plausible.frequencyKHz)
        else { return nil }
        return FrequencyReading(
            currentKHz: Int(current), maximumKHz: Int(maximum), ceilingKHz: Int(ceiling))
    }
}
