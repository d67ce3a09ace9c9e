// What a decision makes of each control, but memory.high (see MemoryBrake). Pure.

import Actuation
import Bytes
import Model

/// What the controls should say under a decision.
struct Targets: Equatable {
    var memoryMaxBytes: UInt64?
    var cpuMax: String
    var cpuWeight: Wish
    /// The step of the lead policy; nil gives every policy its own cap back.
    var frequencyKHz: Int64?
    /// That step as a share of the top one.
    var frequencyShare = 1.0
    var reason: String

    /// The period of the CPU quota, µs: the kernel's default.
    static let periodMicros = 100_000

    /// At 1.0 and above nothing holds the group back, and its weight rises with the factor. Below,
    /// the factor is its share of the machine's work, by frequency first where there are steps.
    init(
        _ decision: Decision, cpuCores: Int, steps: [Int64], intervalS: Double, split: inout WorkSplit
    ) {
        let factor = decision.factor.isFinite ? decision.factor : 1
        reason = "factor \(Decimal.fixed(factor, decimals: 3))"
        let setting = split.setting(
            factor: factor, steps: steps.map { Double($0) / 1e6 }, intervalS: intervalS)
        if factor < 1, steps.count > 1 {
            frequencyKHz = steps[setting.step]
            frequencyShare = Double(steps[setting.step]) / Double(steps[steps.count - 1])
        }
        if setting.duty >= 1 {
            cpuMax = "max \(Self.periodMicros)"
        } else {
            let whole = Double(max(1, cpuCores) * Self.periodMicros)
            let quota = Int64((max(0, setting.duty) * whole).rounded())
            cpuMax = "\(max(Control.quotaMicrosMin, quota)) \(Self.periodMicros)"
        }
        cpuWeight =
            factor >= 1 ? .value("\(Int(max(1, min(10_000, (100 * factor).rounded()))))") : .own
        if decision.memoryCeilingBytes > 0 { memoryMaxBytes = decision.memoryCeilingBytes }
    }
}

/// Bounds of a group's memory.
struct MemoryBounds: Equatable {
    /// What the group can't give back without swap.
    var heldBytes: UInt64
    /// What of it could go to swap.
    var swappableBytes: UInt64 = 0
    /// What it has been promised (memory.min).
    var promisedBytes: UInt64 = 0
    /// Kept free above that.
    var reserveBytes: UInt64
    /// What the machine has left for anybody; 0 where it isn't known.
    var availableBytes: UInt64 = 0

    /// 4 MiB for 512 MB: a moment's worth of a page fault's appetite, and one part in 128 of the machine.
    static func reserve(ofMemory bytes: UInt64) -> UInt64 { max(4 << 20, min(64 << 20, bytes / 128)) }

    /// The least that memory.high may be.
    var floorBytes: UInt64 {
        Self.sum(max(promisedBytes, heldBytes - min(heldBytes, swappableBytes)), reserveBytes)
    }

    /// memory.high lies an eighth under memory.max: at one part in twenty over memory.high the kernel lets
    /// a task have 256 KiB in 160 ms, at one in ten in 640 ms. So a leak of any speed needs seconds to
    /// cross the gap. https://docs.kernel.org/admin-guide/cgroup-v2.html (mm/memcontrol.c has the table)
    static let gapPart: UInt64 = 8

    /// The most that memory.high may be, where a decision wants this memory.max.
    func highCeiling(_ wantedBytes: UInt64) -> UInt64 {
        max(floorBytes, wantedBytes / (Self.gapPart + 1) * Self.gapPart)
    }

    /// memory.max below what the group can't give back is an OOM kill, at once. It stops a sixteenth
    /// above; with memory.high below it, where that has room to slow a leak before it is one: the
    /// ceiling follows the group up and down. Where memory.high was opened and the ceiling is passed, what
    /// the machine has left is added: nothing reclaims or is killed at our limit that the machine has room
    /// for, however fast it grows between two looks. The kernel's own reclaim, with a thread
    /// of its own, is the better one then.
    /// - Parameter highBytes: memory.high, where it holds something.
    func memoryMax(_ wantedBytes: UInt64, highBytes: UInt64?, isOpened: Bool = false) -> UInt64 {
        var least = Self.sum(heldBytes, heldBytes / 16)
        if isOpened, least > wantedBytes {
            least = Self.sum(least, availableBytes)
        }
        if let highBytes {
            let high = max(highCeiling(wantedBytes), highBytes)
            least = max(least, Self.sum(high, high / Self.gapPart))
        }
        return max(wantedBytes, least)
    }

    static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }

    /// The kernel rounds down to pages; so do we, or every reading would look foreign.
    static func text(_ bytes: UInt64, pageBytes: Int) -> String {
        let page = UInt64(max(1, pageBytes))
        let held = min(bytes, UInt64(Int64.max))
        return "\(max(page, held / page * page))"
    }
}
