// What the governor can limit: four files of a group, and the frequency cap of each CPU policy.
// Names and texts are the kernel's; nothing is read or written here.
// https://docs.kernel.org/admin-guide/cgroup-v2.html
// https://docs.kernel.org/admin-guide/pm/cpufreq.html

import Bytes

public enum Control: Equatable, Sendable {
    case memoryMax
    case memoryHigh
    case cpuMax
    case cpuWeight
    /// scaling_max_freq of `policyN`.
    case frequencyCap(policy: UInt16)

    /// Those of a group, in the order in which they are written.
    public static let ofGroup: [Control] = [.memoryMax, .memoryHigh, .cpuMax, .cpuWeight]

    /// The kernel refuses quotas below 1 ms, and periods beyond 1 ms…1 s.
    static let quotaMicrosMin: Int64 = 1_000
    static let periodMicros: ClosedRange<Int64> = 1_000...1_000_000
    static let weights: ClosedRange<Int64> = 1...10_000
    /// 1 MHz…20 GHz, as telemetry holds a frequency plausible.
    static let frequencyKHz: ClosedRange<Int64> = 1_000...20_000_000

    /// The file's name in the group's folder, or below the folder of CPUs.
    public var file: String {
        switch self {
        case .memoryMax: "memory.max"
        case .memoryHigh: "memory.high"
        case .cpuMax: "cpu.max"
        case .cpuWeight: "cpu.weight"
        case .frequencyCap(let policy): "cpufreq/policy\(policy)/scaling_max_freq"
        }
    }

    var isFrequency: Bool {
        if case .frequencyCap = self { return true }
        return false
    }

    init?(file: ArraySlice<UInt8>) {
        for control in Control.ofGroup where file.elementsEqual(control.file.utf8) {
            self = control
            return
        }
        let parts = file.split(separator: 0x2f)
        guard parts.count == 3, let number = Text.integer(parts[1].dropFirst(6)),
            let policy = UInt16(exactly: number)
        else { return nil }
        self = .frequencyCap(policy: policy)
        // The name that this number gives, and no other spelling of it.
        guard file.elementsEqual(self.file.utf8) else { return nil }
    }

    /// What the kernel may show in a file: a word or two of digits and "max". A journal with anything
    /// else in it was not written by us.
    static func isValue(_ text: ArraySlice<UInt8>) -> Bool {
        let words = Text.words(text)
        guard words.count == 1 || words.count == 2, text.count <= 64 else { return false }
        return words.allSatisfy { Text.equal($0, "max") || (Text.integer($0) ?? -1) >= 0 }
    }

    /// Whether the value may be written to this control: its form and range, digits without a sign.
    func accepts(_ text: ArraySlice<UInt8>) -> Bool {
        let words = text.split(separator: 0x20, omittingEmptySubsequences: false)
        guard Control.isValue(text), text.allSatisfy({ $0 >= 0x20 && $0 != 0x2b }) else { return false }
        let first = words[0]
        let isMax = Text.equal(first, "max")
        let number = Text.integer(first) ?? -1
        switch self {
        case .memoryMax, .memoryHigh: return words.count == 1 && (isMax || number > 0)
        case .cpuMax:
            guard words.count == 2, let period = Text.integer(words[1]) else { return false }
            return Control.periodMicros.contains(period) && (isMax || number >= Control.quotaMicrosMin)
        case .cpuWeight: return words.count == 1 && Control.weights.contains(number)
        case .frequencyCap: return words.count == 1 && Control.frequencyKHz.contains(number)
        }
    }
}

extension String {
    /// Byte-wise: String's own comparison pulls the Unicode tables into the device binary.
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
