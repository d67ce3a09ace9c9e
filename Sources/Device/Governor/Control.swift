// The three limits of a managed group, and what a decision makes of each. Pure.
// https://docs.kernel.org/admin-guide/cgroup-v2.html

import Bytes
import Model

public enum Control: UInt8, Sendable, CaseIterable {
    case memoryMax = 0
    case cpuMax
    case cpuWeight

    /// The file in the group's folder.
    public var file: String {
        switch self {
        case .memoryMax: "memory.max"
        case .cpuMax: "cpu.max"
        case .cpuWeight: "cpu.weight"
        }
    }

    init?(file: ArraySlice<UInt8>) {
        for control in Control.allCases where file.elementsEqual(control.file.utf8) {
            self = control
            return
        }
        return nil
    }

    /// What the kernel may show in the file: a word or two of digits and "max". A journal with
    /// anything else in it was not written by us.
    static func isValue(_ text: ArraySlice<UInt8>) -> Bool {
        let words = Text.words(text)
        guard words.count == 1 || words.count == 2, text.count <= 64 else { return false }
        return words.allSatisfy { Text.equal($0, "max") || (Text.integer($0) ?? -1) >= 0 }
    }
}

/// What the three files should say under a decision; nil leaves a file alone.
struct Targets: Equatable {
    var memoryMax: String?
    var cpuMax: String?
    /// Nil gives the group's own weight back.
    var cpuWeight: String?

    /// The period of the CPU quota, µs: the kernel's default.
    static let periodMicros = 100_000
    /// The kernel refuses quotas below 1 ms.
    static let quotaMicrosMin = 1_000

    /// At 1.0 and above nothing holds the group back, and its weight rises with the factor. Below,
    /// the factor is its share of all cores.
    init(_ decision: Decision, cpuCores: Int, pageBytes: Int, unreclaimableBytes: UInt64) {
        let factor = decision.factor.isFinite ? decision.factor : 1
        if factor >= 1 {
            cpuMax = "max \(Self.periodMicros)"
            cpuWeight = "\(Int(max(1, min(10_000, (100 * factor).rounded()))))"
        } else {
            let whole = Double(max(1, cpuCores) * Self.periodMicros)
            let quota = Int((max(0, factor) * whole).rounded())
            cpuMax = "\(max(Self.quotaMicrosMin, quota)) \(Self.periodMicros)"
        }
        guard decision.memoryCeilingBytes > 0 else { return }
        // The kernel rounds down to pages; so do we, or every reading would look foreign.
        let page = UInt64(max(1, pageBytes))
        let ceiling = max(decision.memoryCeilingBytes, Self.floor(unreclaimableBytes))
        memoryMax = "\(max(page, ceiling / page * page))"
    }

    /// A ceiling below what the group can't give back is an OOM kill, at once. It stops a sixteenth
    /// above: the ceiling follows the group down as that lets go of memory.
    private static func floor(_ unreclaimableBytes: UInt64) -> UInt64 {
        let (floor, overflow) = unreclaimableBytes.addingReportingOverflow(unreclaimableBytes / 16)
        return overflow ? unreclaimableBytes : floor
    }

    subscript(control: Control) -> String? {
        switch control {
        case .memoryMax: memoryMax
        case .cpuMax: cpuMax
        case .cpuWeight: cpuWeight
        }
    }
}

/// One thing that the governor did, would do, could not do or noticed: for the log and decision.json.
public struct ControlEvent: Equatable, Sendable {
    public enum Outcome: Equatable, Sendable {
        case written
        /// A dry run: nothing was touched.
        case wouldWrite
        /// The system's words for why not.
        case failed(String)
        /// Somebody else had written `found` since our last write; it becomes the value to restore.
        case foreign(found: String)
        /// The original value was given back.
        case restored

        public var name: String {
            switch self {
            case .written: "written"
            case .wouldWrite: "would-write"
            case .failed: "failed"
            case .foreign: "foreign-write"
            case .restored: "restored"
            }
        }
    }

    public var control: Control
    public var value: String
    public var outcome: Outcome

    public init(control: Control, value: String, outcome: Outcome) {
        self.control = control
        self.value = value
        self.outcome = outcome
    }

    /// E.g. `cpu.max = 200000 100000 (written)`.
    public var text: String {
        switch outcome {
        case .failed(let reason): "\(control.file) = \(value) (failed: \(reason))"
        case .foreign(let found): "\(control.file) = \(value) (foreign write found: \(found))"
        default: "\(control.file) = \(value) (\(outcome.name))"
        }
    }
}
