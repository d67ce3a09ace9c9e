// What a cycle of sensing costs, beside a bare C loop that reads the same files:
//
//     sensing-bench [--cycles N] [--sysfs-root DIR] [--procfs-root DIR] [--only agent|loop] [--show]
//
// --show prints what the chips say instead.
//
// It prints the CPU time of both for one cycle, their ratio, and the heap allocations of steady cycles,
// with the looks through the tree and the steps that fall into them. The two take turns in rounds, so that a noisy
// machine disturbs both alike; the round with the median ratio is told. A steady cycle that allocates
// is a failure: exit status 1. For instructions: valgrind --tool=callgrind sensing-bench --only agent.

import Bytes
import CMeasure
import Model
import System
import Telemetry

struct Bench {
    var cycles: UInt64 = 2000
    var sysfs = "/sys"
    var procfs = "/proc"
    var only: String?
    var shows = false
    private let rounds = 11

    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            if flag == "--show" {
                shows = true
                continue
            }
            guard let value = rest.popFirst() else { return nil }
            switch flag {
            case "--cycles":
                guard let count = UInt64(value), count > 0 else { return nil }
                cycles = count
            case "--sysfs-root": sysfs = value
            case "--procfs-root": procfs = value
            case "--only": only = value
            default: return nil
            }
        }
    }

    func run() {
        let sensors = DeviceSensors(roots: SensorRoots(sysfs: sysfs, procfs: procfs))
        var instant = Instant.now()
        var held = sensors.sample(at: instant)
        if shows { return show(held, sensors) }
        for _ in 0..<8 { held = sensors.sample(at: instant) }
        let files = sensors.files
        var ratios: [(ratio: Double, agentNs: Double, loopNs: Double)] = []
        for _ in 0..<rounds {
            var agentNs: Int64 = 0
            if only != "loop" {
                let start = cmeasure_cpu_ns()
                for _ in 0..<cycles {
                    instant.monotonicMs += 1
                    held = sensors.sample(at: instant)
                }
                agentNs = cmeasure_cpu_ns() - start
            }
            var loopNs: Int64 = 0
            if only != "agent" {
                let start = cmeasure_cpu_ns()
                _ = readLoop(files)
                loopNs = cmeasure_cpu_ns() - start
            }
            let each = Double(cycles)
            ratios.append((Double(agentNs) / Double(max(1, loopNs)), Double(agentNs) / each, Double(loopNs) / each))
        }
        ratios.sort { $0.ratio < $1.ratio }
        let middle = ratios[rounds / 2]
        let before = cmeasure_allocations()
        for _ in 0..<1000 {
            for _ in 0..<4 {
                instant.monotonicMs += 2_000
                sensors.step(atMs: instant.monotonicMs)
                _ = sensors.hasStalled()
            }
            instant.monotonicMs += 2_000
            held = sensors.sample(at: instant)
        }
        let allocations = cmeasure_allocations() - before
        print("files read in a cycle          \(files.count)")
        print("sensors known, healthy         \(held.health.known), \(held.health.healthy)")
        print("agent, CPU time a cycle        \(Decimal.fixed(middle.agentNs / 1000, decimals: 2)) µs")
        print("bare C loop, CPU time a cycle  \(Decimal.fixed(middle.loopNs / 1000, decimals: 2)) µs")
        print("ratio (median of \(rounds) rounds)    \(Decimal.fixed(middle.ratio, decimals: 3))")
        print("allocations in 1000 cycles     \(allocations)")
        if allocations > 0 { Process.exit(1) }
    }

    /// The readings of the chips, and how many of them libsensors reads itself.
    private func show(_ sample: Sample, _ sensors: DeviceSensors) {
        for reading in sample.hwmon {
            let value = reading.value.map { Decimal.fixed($0, decimals: 3) } ?? "no data"
            print("\(reading.chip) \(reading.label): \(value)")
        }
        print("computed: \(sensors.computedCount)")
        for status in sensors.statuses where status.condition != .good {
            print("\(status.name): \(status.condition.name) \(status.errorCode)")
        }
    }

    private func readLoop(_ files: [String]) -> UInt64 {
        let texts = files.map { Array($0.utf8CString) }
        var pointers: [UnsafePointer<CChar>?] = []
        for text in texts { pointers.append(text.withUnsafeBufferPointer { UnsafePointer(strdup($0)) }) }
        defer { for pointer in pointers { release(pointer) } }
        return pointers.withUnsafeBufferPointer {
            cmeasure_read_loop($0.baseAddress, $0.count, cycles)
        }
    }

    private func strdup(_ text: UnsafeBufferPointer<CChar>) -> UnsafeMutablePointer<CChar> {
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.count)
        for index in 0..<text.count { copy[index] = text[index] }
        return copy
    }

    private func release(_ pointer: UnsafePointer<CChar>?) {
        if let pointer { UnsafeMutablePointer(mutating: pointer).deallocate() }
    }
}

if let bench = Bench(Array(CommandLineArguments.all.dropFirst())) {
    bench.run()
} else {
    Standard.error(
        "usage: sensing-bench [--cycles N] [--sysfs-root DIR] [--procfs-root DIR] [--only agent|loop] "
            + "[--show]\n")
    Process.exit(2)
}
