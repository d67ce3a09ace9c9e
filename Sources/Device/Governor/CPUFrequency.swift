// The CPU policies whose frequency can be capped, and their steps.
// https://docs.kernel.org/admin-guide/pm/cpufreq.html
//
// scaling_max_freq shows the cap in force: the least of ours, other users' and the kernel's own, which
// a cooling device lowers when the board is hot. So a reading below what we wrote is nobody's write,
// and the file's own value is never written back as a probe: that would make a passing cap a lasting one.

import Bytes
import System

struct CPUPolicy: Equatable {
    let number: UInt16
    /// Rising, at least two.
    let stepsKHz: [Int64]

    var stepsGHz: [Double] { stepsKHz.map { Double($0) / 1e6 } }

    /// The lowest step that is worth `share` of the top one.
    func step(worth share: Double) -> Int64 {
        let top = stepsKHz[stepsKHz.count - 1]
        return stepsKHz.first { Double($0) >= share * Double(top) - 1e-6 } ?? top
    }
}

struct CPUFrequency {
    /// Servers have a policy for each core.
    static let policiesMax = 256
    /// Where a driver sets any frequency between two ends: its steps, as of the boards' tables.
    static let stepKHz: Int64 = 100_000

    let folder: String
    let policies: [CPUPolicy]

    init(sysfsRoot: String) {
        folder = "\(sysfsRoot)/devices/system/cpu"
        var found: [CPUPolicy] = []
        for name in (try? FileSystem.list("\(folder)/cpufreq")) ?? [] {
            let bytes = Array(name.utf8)
            guard found.count < Self.policiesMax, Text.equal(bytes.prefix(6), "policy"),
                let number = Text.integer(bytes.dropFirst(6)), let number = UInt16(exactly: number),
                let steps = Self.steps("\(folder)/cpufreq/\(name)")
            else { continue }
            found.append(CPUPolicy(number: number, stepsKHz: steps))
        }
        policies = found
    }

    var controls: [Control] { policies.map { .frequencyCap(policy: $0.number) } }

    /// The cap lies within what the policy can do.
    func has(_ kHz: Int64, policy: UInt16) -> Bool {
        guard let found = policies.first(where: { $0.number == policy }) else { return false }
        return kHz >= found.stepsKHz[0] && kHz <= found.stepsKHz[found.stepsKHz.count - 1]
    }

    private static func steps(_ folder: String) -> [Int64]? {
        if let text = try? FileSystem.read("\(folder)/scaling_available_frequencies", limit: 4096) {
            var steps: [Int64] = []
            for word in Text.words(text[...]) {
                guard let step = Text.integer(word), Control.frequencyKHz.contains(step) else { continue }
                if !steps.contains(step) { steps.append(step) }
            }
            steps.sort()
            return steps.count > 1 ? steps : nil
        }
        guard let low = number("\(folder)/cpuinfo_min_freq"),
            let top = number("\(folder)/cpuinfo_max_freq"), low < top
        else { return nil }
        var steps = Array(stride(from: low, to: top, by: Int(stepKHz)))
        steps.append(top)
        return steps
    }

    private static func number(_ path: String) -> Int64? {
        guard let text = try? FileSystem.read(path, limit: 64),
            let value = Text.integer(Text.trimmed(text[...])), Control.frequencyKHz.contains(value)
        else { return nil }
        return value
    }
}
