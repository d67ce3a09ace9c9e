// The device's resources at one moment, from the kernel's own files, and their use between two.

import Bytes
import Phi

public struct ResourceReading: Equatable, Sendable {
    /// Since boot, all cores together, in any one unit.
    public var cpuBusy: Double?
    public var cpuAll: Double?
    /// Tasks (threads) that exist, and the most that may.
    public var tasks: Double?
    public var tasksMax: Double?
    public var memoryTotalKiB: Double?
    public var memoryAvailableKiB: Double?
    /// Vector or GPU time used and passed, where a driver tells.
    public var vectorBusy: Double?
    public var vectorAll: Double?
    /// Of a sensor, since any moment.
    public var energyMicroJ: Double?

    public init() {}

    /// From the texts of /proc/stat, /proc/loadavg, /proc/sys/kernel/threads-max and /proc/meminfo;
    /// whatever is missing or strange stays nil.
    public init(stat: [UInt8], loadavg: [UInt8], threadsMax: [UInt8], meminfo: [UInt8]) {
        if let line = Text.lines(stat[...]).first { readCPU(Text.words(line)) }
        // "0.20 0.18 0.12 1/80 11206": the fourth word is runnable/existing.
        let load = Text.words(loadavg[...])
        if load.count >= 4 {
            let parts = load[3].split(separator: 0x2f)
            if parts.count == 2 { tasks = Text.integer(parts[1]).map { Double($0) } }
        }
        tasksMax = Text.integer(Text.trimmed(threadsMax[...])).map { Double($0) }
        for line in Text.lines(meminfo[...]) {
            let words = Text.words(line)
            guard words.count >= 2 else { continue }
            if Text.equal(words[0], "MemTotal:") {
                memoryTotalKiB = Text.integer(words[1]).map { Double($0) }
            } else if Text.equal(words[0], "MemAvailable:") {
                memoryAvailableKiB = Text.integer(words[1]).map { Double($0) }
            }
        }
    }

    /// user nice system idle iowait irq softirq steal; guests are within user and nice.
    private mutating func readCPU(_ words: [ArraySlice<UInt8>]) {
        guard words.count >= 5, Text.equal(words[0], "cpu") else { return }
        var all = 0.0
        var idle = 0.0
        for index in 1..<min(9, words.count) {
            guard let ticks = Text.integer(words[index]), ticks >= 0 else { return }
            all += Double(ticks)
            if index == 4 || index == 5 { idle += Double(ticks) }
        }
        cpuBusy = all - idle
        cpuAll = all
    }

    /// The use from this reading to a later one. Memory and tasks: the greater of the two.
    public func use(until later: ResourceReading) -> ResourceUse {
        var use = ResourceUse()
        use.cpuTime = Self.share(cpuBusy, cpuAll, later.cpuBusy, later.cpuAll)
        use.vector = Self.share(vectorBusy, vectorAll, later.vectorBusy, later.vectorAll)
        use.tasks = Self.greater(taskShare, later.taskShare)
        use.memory = Self.greater(memoryShare, later.memoryShare)
        return use
    }

    /// J between this reading and a later one; nil without a sensor, or where it wrapped.
    public func energyJoules(until later: ResourceReading) -> Double? {
        guard let first = energyMicroJ, let last = later.energyMicroJ, last > first else {
            return nil
        }
        return (last - first) / 1e6
    }

    private var taskShare: Double? {
        guard let tasks, let tasksMax, tasksMax > 0 else { return nil }
        return clamp(tasks / tasksMax, 0...1)
    }

    private var memoryShare: Double? {
        guard let memoryTotalKiB, let memoryAvailableKiB, memoryTotalKiB > 0 else { return nil }
        return clamp(1 - memoryAvailableKiB / memoryTotalKiB, 0...1)
    }

    private static func share(
        _ busy: Double?, _ all: Double?, _ laterBusy: Double?, _ laterAll: Double?
    ) -> Double? {
        guard let busy, let all, let laterBusy, let laterAll, laterAll > all else { return nil }
        return clamp((laterBusy - busy) / (laterAll - all), 0...1)
    }

    private static func greater(_ a: Double?, _ b: Double?) -> Double? {
        guard let a else { return b }
        return max(a, b ?? a)
    }
}
