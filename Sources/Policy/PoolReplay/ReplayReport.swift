// What a replay found, as numbers; `ReplayText` and `ReplayPlot` are its faces.

import Digest
import Precision
import TensorPool

public struct ReplayColumn {
    public var name: [UInt8]
    public var scale: Grid
    public var usage = SeriesUsage()
    public var values: UInt64 = 0
    public var exactValues: UInt64 = 0
    public var highValues: UInt64 = 0
    /// Values scored high that did not come back bit for bit.
    public var highDegraded: UInt64 = 0
    /// Largest error as a fraction of full scale, of values held at 16 and at 8 bits.
    public var worst16 = 0.0
    public var worst8 = 0.0
    public var values16: UInt64 = 0
    public var values8: UInt64 = 0
    /// Values beyond the bound that the pool claims: must be 0.
    public var beyondBound: UInt64 = 0
    public var missing: UInt64 = 0
    public var wrongTimes: UInt64 = 0

    init(name: [UInt8], scale: Grid) {
        self.name = name
        self.scale = scale
    }

    mutating func check(
        _ sample: PoolSample, _ truth: Double, isHigh: Bool, fullScale: Double
    ) {
        values += 1
        let isExact = sample.value.bitPattern == truth.bitPattern
        if isHigh {
            highValues += 1
            if !isExact { highDegraded += 1 }
        }
        if sample.errorBound == 0 {
            exactValues += 1
            if !isExact { beyondBound += 1 }
            return
        }
        let error = isExact ? 0 : (sample.value - truth).magnitude
        if !(error <= sample.errorBound) { beyondBound += 1 }
        let fraction = error / fullScale
        if sample.errorBound > fullScale / 1000 {
            values8 += 1
            worst8 = max(worst8, fraction)
        } else {
            values16 += 1
            worst16 = max(worst16, fraction)
        }
    }
}

public struct ReplayReport {
    public var options = ReplayOptions()
    public var columns: [ReplayColumn] = []
    public var account = PoolAccount()
    public var isExhausted = false
    public var rowsAdmitted = 0
    public var loops = 0.0
    public var hasTimes = false
    public var nanosecondsAppending: UInt64 = 0
    public var nanosecondsReading: UInt64 = 0
    /// Over every sealed chunk, in the order and in the bytes it would be delivered: equal wherever
    /// the same data went through the same budget.
    public var digest = Digest32.zero
    /// (values admitted, bytes needed) as the replay went on.
    public var curve: [(values: UInt64, bytes: UInt64)] = []

    public init() {}

    public var values: UInt64 { account.valuesAdmitted }
    public var beyondBound: UInt64 { columns.reduce(0) { $0 + $1.beyondBound + $1.missing } }
    public var values16: UInt64 { columns.reduce(0) { $0 + $1.values16 } }
    public var values8: UInt64 { columns.reduce(0) { $0 + $1.values8 } }
    public var highValues: UInt64 { columns.reduce(0) { $0 + $1.highValues } }
    public var highDegraded: UInt64 { columns.reduce(0) { $0 + $1.highDegraded } }
    public var exactShare: Double {
        let exact = columns.reduce(0) { $0 + $1.exactValues }
        return values == 0 ? 0 : Double(exact) / Double(values)
    }
    public var highShare: Double { values == 0 ? 0 : Double(highValues) / Double(values) }

    /// Bytes everything took: the budget once it is exhausted, else what the pool needs.
    public var bytes: UInt64 {
        isExhausted ? UInt64(account.budgetBytes) : account.bytesNeeded
    }
    public var timesBytes: UInt64 { account.timesBytes }

    /// Fixed-width bytes ÷ bytes taken, for baselines of 81 and 64 bits. `withTimes`: the pool's
    /// coded timestamps count (the baselines never pay for theirs).
    public func extensionFactor(bits: Double, withTimes: Bool) -> Double {
        let taken = Double(bytes) - (withTimes ? 0 : Double(timesBytes))
        return taken <= 0 ? 0 : Double(values) * bits / 8 / taken
    }

    public var bitsPerValue: Double {
        values == 0 ? 0 : Double(bytes) * 8 / Double(values)
    }
}
