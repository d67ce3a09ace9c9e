// The self-test's kernels besides the simulator: hash activation, and sealing and unsealing a block
// of the tensor pool at each tier. Each does the same work every time; only the times differ.

import Bytes
import Digest
import Phi
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

    /// Sealing and unsealing one block; two results.
    static func block(_ tier: Tier, _ nowNs: () -> Int64) -> [KernelResult] {
        let values = samples
        let bits = tier.bits
        var seal = KernelResult("seal-\(bits)", unit: "values", operations: values.count)
        var unseal = KernelResult("unseal-\(bits)", unit: "values", operations: values.count)
        var chunk: DeliverableChunk?
        seal.timing = Timing.measure(nowNs) { chunk = sealed(values, tier) }
        guard let chunk else {
            seal.missing = "the pool refused the block"
            unseal.missing = "the pool refused the block"
            return [seal, unseal]
        }
        var back: [Double] = []
        unseal.timing = Timing.measure(nowNs) { back = unsealed(chunk) ?? [] }
        seal.tier = chunk.header.tier
        seal.storedBytes = chunk.bytes.count
        unseal.tier = chunk.header.tier
        unseal.digest = digest(back)
        var isWithin = back.count == values.count
        for index in 0..<min(back.count, values.count) {
            if abs(back[index] - values[index]) > chunk.header.errorBound { isWithin = false }
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

    private static func sealed(_ values: [Double], _ tier: Tier) -> DeliverableChunk? {
        // Scores and pressure that earn the tier (see `PoolSettings`).
        let score = tier == .bits81 ? 1 : tier == .bits16 ? 0.5 : 0
        do throws(PoolError) {
            let pool = try TensorPool(budgetBytes: 32 * 1024)
            pool.settings.externalPressure = tier == .bits8 ? 1 : 0
            try pool.declare(SeriesDeclaration(id: 1, kind: .signal, lower: 0, upper: 100))
            for (index, value) in values.enumerated() {
                try pool.append(series: 1, timeMs: Int64(index) * 1000, value: value, score: score)
            }
            try pool.sealAll()
            return try pool.undelivered(maxBytes: 32 * 1024).first
        } catch {
            return nil
        }
    }

    private static func unsealed(_ chunk: DeliverableChunk) -> [Double]? {
        do throws(PoolError) { return try decodeChunk(chunk.bytes).values } catch { return nil }
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
