// A fixed workload for counting instructions: eight series of two decimals, a slow walk each, one
// block in ten of high value. `rows` rows of it; the same values whatever the mode, so that the
// difference between two runs is the pool's.

import TensorPool

enum Kernel: String {
    /// The values are made and thrown away.
    case generate
    /// Room enough for all: append and seal.
    case hot
    /// A small budget: the whole life of a value, down to 8 bits.
    case life

    func run(rows: Int) throws -> (values: Int, account: PoolAccount?) {
        var state: UInt64 = 1
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 40) / Double(1 << 24) - 0.5
        }
        let series = 8
        let pool = try TensorPool(budgetBytes: self == .life ? 96 << 10 : 64 << 20)
        for id in 0..<series {
            try pool.declare(SeriesDeclaration(id: UInt16(id), kind: .signal, lower: 0, upper: 50))
        }
        if self == .life {
            pool.settings.lowScore = pool.settings.exactScore
            (pool.settings.roomShortShare, pool.settings.roomEaseShare) = (0, -1)
        }
        var level = [Double](repeating: 20, count: series)
        var values = 0
        var sum = 0.0
        for row in 0..<rows {
            for id in 0..<series {
                level[id] += noise() * 0.2
                if level[id] < 5 || level[id] > 45 { level[id] = 20 }
                let value = Double(Int64(level[id] * 100)) / 100
                if self == .generate {
                    sum += value
                } else {
                    try pool.append(
                        series: UInt16(id), timeMs: Int64(row) * 10_000, value: value,
                        score: row / 128 % 10 == 0 ? 0.9 : 0.3)
                }
                values += 1
            }
        }
        if sum == 1 { print(sum) }
        return (values, self == .generate ? nil : pool.account)
    }
}
