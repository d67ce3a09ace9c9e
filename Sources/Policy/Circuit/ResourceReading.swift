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
    /// GPU time used by each of its queues, and passed, in one unit, where a driver tells.
    public var vectorBusy: [Double] = []
    public var vectorAll: Double?
    /// Of an energy counter, since any moment.
    public var energyMicroJ: Double?
    /// Of a power sensor, now; and when that was.
    public var powerMicroW: Double?
    public var timeNs: Int64 = 0

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

    /// What the V3D driver of a Raspberry Pi says in `gpu_stats`: a heading, then
    /// "queue timestamp jobs runtime" for each queue, times in ns (drivers/gpu/drm/v3d/v3d_sysfs.c).
    public mutating func readV3D(_ text: [UInt8]) {
        for line in Text.lines(text[...]).dropFirst() {
            let words = Text.words(line)
            guard words.count == 4, let now = Text.integer(words[1]),
                let runtime = Text.integer(words[3])
            else { continue }
            vectorAll = Double(now)
            vectorBusy.append(Double(runtime))
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
        // Queues run side by side: the busiest is the share.
        for (busy, laterBusy) in zip(vectorBusy, later.vectorBusy) {
            use.vector = Self.greater(
                Self.share(busy, vectorAll, laterBusy, later.vectorAll), use.vector)
        }
        use.tasks = Self.greater(taskShare, later.taskShare)
        use.memory = Self.greater(memoryShare, later.memoryShare)
        return use
    }

    /// J between this reading and a later one: of an energy counter, else of the mean of two power
    /// readings over the time between. Nil without a sensor, or where the counter wrapped.
    public func energyJoules(until later: ResourceReading) -> Double? {
        if let first = energyMicroJ, let last = later.energyMicroJ {
            return last > first ? (last - first) / 1e6 : nil
        }
        guard let first = powerMicroW, let last = later.powerMicroW, later.timeNs > timeNs else {
            return nil
        }
        return (first + last) / 2 / 1e6 * (Double(later.timeNs - timeNs) / 1e9)
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
