// A simulated board as the files an agent reads: DIR/{sys,proc,cgroup}, in the shape of a Raspberry
// Pi's. What moves is replaced by rename, so that a reader never sees half a file. The control files
// of the group belong to the agent: they are made once and from then on only read.

import Bytes
import System

public struct BoardTree: Sendable {
    public let folder: String
    private static let group = "cgroup/workload.slice"
    private static let policy = "sys/devices/system/cpu/cpufreq/policy0"

    public init(folder: String) { self.folder = folder }

    /// The files that stay.
    public func create(_ board: SimulatedBoard, bootID: String) throws(Errno) {
        let model = board.model
        try put("sys/firmware/devicetree/base/model", "\(model.name)\0")
        try put("sys/firmware/devicetree/base/serial-number", "\(board.serial)\0")
        try put("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n")
        try put("sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
        try put("sys/class/hwmon/hwmon1/name", "rpi_volt\n")
        try put("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n")
        try put("sys/devices/system/cpu/present", "0-\(model.cores - 1)\n")
        try put("sys/devices/system/cpu/online", "0-\(model.cores - 1)\n")
        try put("\(Self.policy)/cpuinfo_max_freq", "\(board.maximumKHz)\n")
        try put("\(Self.policy)/scaling_max_freq", "\(board.maximumKHz)\n")
        var steps = ""
        for frequency in model.frequenciesKHz { steps += "\(frequency) " }
        try put("\(Self.policy)/scaling_available_frequencies", "\(steps)\n")
        try put("proc/sys/kernel/random/boot_id", "\(bootID)\n")
        let controllers = model.hasMemoryController ? "cpu memory\n" : "cpu\n"
        try put("cgroup/cgroup.controllers", controllers)
        try put("\(Self.group)/cgroup.controllers", controllers)
        try put("\(Self.group)/cpu.max", "max 100000\n")
        try put("\(Self.group)/cpu.weight", "100\n")
        if model.hasMemoryController {
            try put("\(Self.group)/memory.max", "max\n")
            try put("\(Self.group)/memory.high", "max\n")
        }
    }

    /// The files that move.
    public func update(_ board: inout SimulatedBoard) throws(Errno) {
        let temperature = "\(board.sensorMilliC())\n"
        try put("sys/class/thermal/thermal_zone0/temp", temperature)
        try put("sys/class/hwmon/hwmon0/temp1_input", temperature)
        let bits = Array("\(String(board.throttledBits, radix: 16))\n".utf8)
        try put("sys/devices/platform/soc/soc:firmware/get_throttled", bits)
        try put("\(Self.policy)/scaling_cur_freq", "\(board.frequencyKHz)\n")
        try put("proc/meminfo", Self.meminfo(board))
        try put("proc/loadavg", Self.loadavg(board))
        if board.model.hasPressure {
            try put("proc/pressure/cpu", Self.pressure(board.cpuStall))
            try put("proc/pressure/memory", Self.pressure(board.memoryStall))
            try put("proc/pressure/io", Self.pressure(SimulatedBoard.Stall()))
        }
        if board.model.hasMemoryController {
            let bytes = board.workloadBytes
            try put("\(Self.group)/memory.current", "\(bytes)\n")
            // Two thirds of a workload's memory are its own pages, the rest is page cache.
            let own = bytes / 3 * 2
            try put("\(Self.group)/memory.stat", "anon \(own)\nfile \(bytes - own)\nkernel 0\nshmem 0\n")
        }
    }

    /// What the agent wrote for the workload's group; a file it is just writing counts as no limit.
    public func limits() -> BoardLimits {
        var limits = BoardLimits()
        if let text = try? FileSystem.read("\(folder)/\(Self.group)/cpu.max", limit: 64) {
            let words = Text.words(text[...])
            if words.count == 2, let quota = Text.integer(words[0]), let period = Text.integer(words[1]),
                quota > 0, period > 0
            {
                limits.cores = Double(quota) / Double(period)
            }
        }
        if let text = try? FileSystem.read("\(folder)/\(Self.group)/memory.max", limit: 64),
            let bytes = Text.integer(Text.trimmed(text[...])), bytes > 0
        {
            limits.memoryBytes = UInt64(bytes)
        }
        return limits
    }

    private func put(_ name: String, _ text: String) throws(Errno) {
        try put(name, Array(text.utf8))
    }

    private func put(_ name: String, _ bytes: [UInt8]) throws(Errno) {
        let path = "\(folder)/\(name)"
        do throws(Errno) {
            try FileSystem.replace(path, with: bytes, durable: false)
        } catch {
            // The first write into a folder: make it and try again.
            guard error.isMissing, let slash = path.utf8.lastIndex(of: 0x2f) else { throw error }
            try FileSystem.makeFolder(String(path[..<slash]))
            try FileSystem.replace(path, with: bytes, durable: false)
        }
    }

    private static func meminfo(_ board: SimulatedBoard) -> String {
        let available = board.memoryAvailableKB
        return """
            MemTotal:        \(board.model.memoryTotalKB) kB
            MemFree:         \(available / 2) kB
            MemAvailable:    \(available) kB
            SwapTotal:       0 kB
            SwapFree:        0 kB

            """
    }

    private static func loadavg(_ board: SimulatedBoard) -> String {
        let one = Decimal.fixed(board.loads.one, decimals: 2)
        let five = Decimal.fixed(board.loads.five, decimals: 2)
        let fifteen = Decimal.fixed(board.loads.fifteen, decimals: 2)
        return "\(one) \(five) \(fifteen) \(Int(board.coresUsed.rounded()) + 1)/142 2048\n"
    }

    private static func pressure(_ stall: SimulatedBoard.Stall) -> String {
        let percent = Decimal.fixed(stall.percent, decimals: 2)
        let full = Decimal.fixed(stall.percent / 2, decimals: 2)
        return """
            some avg10=\(percent) avg60=\(percent) avg300=\(percent) total=\(stall.totalMicros)
            full avg10=\(full) avg60=\(full) avg300=\(full) total=\(stall.totalMicros / 2)

            """
    }
}
