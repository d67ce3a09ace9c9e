// The self-test's kernels besides the simulator: hash activation, and sealing and unsealing a block
// of the tensor pool at each tier. Each does the same work every time; only the times differ.

import Bytes
import Digest
import Phi
import Precision
import TensorPool

/// Times of a kernel that was repeated.
public struct Timing: Equatable, Sendable {
    public var runs = 0
    /// Of one run.
    public var medianNs: Int64 = 0
    public var totalNs: Int64 = 0

    /// Stops at the first of: `spanNs` passed and five runs done, 2000 runs done.
    static func measure(
        spanNs: Int64 = 20_000_000, _ nowNs: () -> Int64, _ body: () -> Void
    ) -> Timing {
        var times: [Int64] = []
        var timing = Timing()
        while times.count < 2000, times.count < 5 || timing.totalNs < spanNs {
            let start = nowNs()
            body()
            let elapsed = max(0, nowNs() - start)
            times.append(elapsed)
            timing.totalNs += elapsed
        }
        times.sort()
        timing.runs = times.count
        timing.medianNs = times[times.count / 2]
        return timing
    }

    static func median(_ runs: Int, _ nowNs: () -> Int64, _ body: () -> Void) -> Int64 {
        var times: [Int64] = []
        for _ in 0..<runs {
            let start = nowNs()
            body()
            times.append(max(0, nowNs() - start))
        }
        times.sort()
        return times[times.count / 2]
    }
}

public struct KernelResult: Sendable {
    public var name: String
    /// What one operation is.
    public var unit: StaticString
    /// Operations of one run.
    public var operations: Int
    public var timing = Timing()
    /// SHA-256 of what the kernel computed: equal on every machine.
    public var digest = Digest32.zero
    /// Of a block: the tier it came out at, its bytes, and whether each value is within its bound.
    public var tier: Tier?
    public var storedBytes: Int?
    public var isWithinBound: Bool?
    public var missing: StaticString?

    init(_ name: String, unit: StaticString, operations: Int) {
        self.name = name
        self.unit = unit
        self.operations = operations
    }

    /// ns for one run ÷ its operations.
    public var latencyNs: Double? {
        missing == nil && operations > 0
            ? Double(timing.medianNs) / Double(operations) : nil
    }

    public var throughputMops: Double? {
        guard missing == nil, timing.totalNs > 0 else { return nil }
        return Double(operations) * Double(timing.runs) * 1000 / Double(timing.totalNs)
    }
}

enum Kernels {
    /// A chain of activations: each state is the digest of the one before.
    static func activation(_ nowNs: () -> Int64) -> KernelResult {
        let prefix = Array("phi-activation-1\0".utf8)
        var result = KernelResult("activation", unit: "hashes", operations: 256)
        result.timing = Timing.measure(nowNs) {
            var state = Digest32.zero
            for step in 0..<256 {
                state = Digest.sha256(prefix, state.bytes, [UInt8(truncatingIfNeeded: step), 0, 0])
            }
            result.digest = state
        }
        return result
    }

    /// Sealing and unsealing one block, as a chunk of the pool codes it at that tier; two results.
    static func block(_ tier: Tier, _ nowNs: () -> Int64) -> [KernelResult] {
        let values = samples
        let bits = tier.bits
        var seal = KernelResult("seal-\(bits)", unit: "values", operations: values.count)
        var unseal = KernelResult("unseal-\(bits)", unit: "values", operations: values.count)
        guard let grid = Grid(lower: 0, upper: 100) else {
            seal.missing = "no grid for this full scale"
            unseal.missing = seal.missing
            return [seal, unseal]
        }
        var coded: [UInt8] = []
        seal.timing = Timing.measure(nowNs) { coded = sealed(values, tier, grid) }
        var back: [Double] = []
        unseal.timing = Timing.measure(nowNs) {
            back = unsealed(coded, count: values.count, grid) ?? []
        }
        seal.tier = tier
        seal.storedBytes = coded.count
        unseal.tier = tier
        unseal.digest = digest(back)
        let bound = bound(tier, grid)
        var isWithin = back.count == values.count
        for index in 0..<min(back.count, values.count) {
            if abs(back[index] - values[index]) > bound { isWithin = false }
        }
        unseal.isWithinBound = isWithin
        return [seal, unseal]
    }

    /// One block of a slow wave with noise, 30…70 on a full scale of 0…100.
    static var samples: [Double] {
        var random = ShotRandom(seed: 81)
        return (0..<TensorPool.blockValues).map { index in
            50 + 18 * Phi.sin(Double(index) * 0.11) + 2 * (random.unit() - 0.5)
        }
    }

    private static func sealed(_ values: [Double], _ tier: Tier, _ grid: Grid) -> [UInt8] {
        let coding: RunCoding =
            switch tier {
            case .bits81: .decimal
            case .bits16: .grid16
            case .bits8: .grid8
            }
        var sink = ByteSink()
        values.withUnsafeBufferPointer { values in
            let wanted = [ValueRun(count: values.count, coding: coding)]
            let (runs, places) = ColdBlock.plan(values, wanted, grid: grid)
            ColdBlock.encode(values, runs: runs, places: places, grid: grid, into: &sink)
        }
        return sink.bytes
    }

    private static func unsealed(_ coded: [UInt8], count: Int, _ grid: Grid) -> [Double]? {
        var values = [Double](repeating: 0, count: count)
        let isWhole = values.withUnsafeMutableBufferPointer { values in
            coded.withUnsafeBytes { bytes in
                var source = ByteSource(bytes)
                do throws(PrecisionError) {
                    _ = try ColdBlock.decode(into: values, grid: grid, from: &source)
                    return true
                } catch {
                    return false
                }
            }
        }
        return isWhole ? values : nil
    }

    /// Largest error that the tier allows.
    private static func bound(_ tier: Tier, _ grid: Grid) -> Double {
        switch tier {
        case .bits81: 0
        case .bits16: (grid.upper - grid.lower) / 131_070
        case .bits8: (grid.upper - grid.lower) / 510
        }
    }

    private static func digest(_ values: [Double]) -> Digest32 {
        var bytes: [UInt8] = []
        for value in values {
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(shift)))
            }
        }
        return Digest.sha256(bytes)
    }
}

extension Tier {
    var bits: Int {
        switch self {
        case .bits81: 81
        case .bits16: 16
        case .bits8: 8
        }
    }
}
