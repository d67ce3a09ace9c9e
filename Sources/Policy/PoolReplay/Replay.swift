// `pool replay`: a table's rows through a pool until it refuses a value or the data have looped a
// hundred times, then every value read back and held against what went in.
//
// Time and output come from outside: `nanoseconds` is a clock, `progress` hears how full the pool is.

import Digest
import Phi
import Precision
import TensorPool

public struct Replay {
    private let table: CSVTable
    private let options: ReplayOptions
    let pool: TensorPool
    private var scorers: [BlockScorer]
    private var report = ReplayReport()
    private let scales: [Grid]
    /// Scores of the blocks appended, per column, to check the exactness of high ones later.
    private var highBlocks: [[Bool]]

    public init(_ table: CSVTable, _ options: ReplayOptions) throws(PoolError) {
        self.table = table
        self.options = options
        var settings = PoolSettings()
        switch options.bound {
        case .bits8:
            // Everything below the exact threshold is low, and room is always short.
            settings.lowScore = settings.exactScore
            (settings.roomShortShare, settings.roomEaseShare) = (0, -1)
        case .bits16:
            (settings.roomShortShare, settings.roomEaseShare) = (2, 2)
            settings.demotes = false
        case .exact: settings.exactScore = 0
        case .policy: break
        case .mixed:
            // All that is not exact begins at 16 bits; the pool's own order picks what gives way.
            (settings.roomShortShare, settings.roomEaseShare) = (2, 2)
            settings.largestShare8 = 0.3
        }
        // The thresholds shall stay where the scores were made for.
        settings.pressureBias = 0
        pool = try TensorPool(budgetBytes: options.budgetBytes, settings: settings)
        scorers = table.columns.map { _ in
            BlockScorer(exactShare: options.bound == .exact ? 1 : options.exactShare)
        }
        highBlocks = table.columns.map { _ in [] }
        var scales: [Grid] = []
        for (column, values) in table.columns.enumerated() {
            let declared = options.fullScales.first { $0.name == table.names[column] }
            let range = declared.map { ($0.lower, $0.upper) }
                ?? FullScale.range(of: values, cut: options.fullScaleCut)
            guard let grid = Grid(lower: range.0, upper: range.1) else {
                throw .badFullScale(UInt16(column))
            }
            scales.append(grid)
            try pool.declare(
                SeriesDeclaration(
                    id: UInt16(column), kind: .signal, lower: grid.lower, upper: grid.upper))
        }
        self.scales = scales
    }

    public mutating func run(
        nanoseconds: () -> UInt64, progress: (_ admitted: UInt64, _ fill: Double) -> Void
    ) throws(PoolError) -> ReplayReport {
        let started = nanoseconds()
        var row = 0
        let block = TensorPool.blockValues
        let span = rowSpan
        let rowsMost = table.rows * options.loopsMax
        outer: while row < rowsMost {
            var scores: [Double] = []
            for column in table.columns.indices { scores.append(score(column, from: row)) }
            // The last block may be cut short: a file of few rows isn't looped more often than others.
            for offset in 0..<min(block, rowsMost - row) {
                let position = (row + offset) % table.rows
                let loop = (row + offset) / table.rows
                let time = time(position) + Int64(loop) * span
                for column in table.columns.indices {
                    do throws(PoolError) {
                        try pool.append(
                            series: UInt16(column), timeMs: time,
                            value: table.columns[column][position], score: scores[column])
                    } catch {
                        guard case .full = error else { throw error }
                        report.isExhausted = true
                        break outer
                    }
                }
                report.rowsAdmitted += 1
            }
            row += block
            if row / block % 8 == 0 {
                let account = pool.account
                report.curve.append((account.valuesAdmitted, account.bytesNeeded))
                progress(
                    account.valuesAdmitted,
                    Double(account.bytesNeeded) / Double(options.budgetBytes))
            }
        }
        report.nanosecondsAppending = nanoseconds() - started
        let account = pool.account
        report.curve.append((account.valuesAdmitted, account.bytesNeeded))
        report.account = account
        let reading = nanoseconds()
        try verify()
        report.nanosecondsReading = nanoseconds() - reading
        for chunk in try pool.undelivered(maxBytes: .max) {
            report.digest = Digest.sha256(report.digest.bytes, chunk.bytes)
        }
        report.loops = Double(report.rowsAdmitted) / Double(max(1, table.rows))
        report.options = options
        report.hasTimes = !table.timesMs.isEmpty
        return report
    }

    private func time(_ position: Int) -> Int64 {
        position < table.timesMs.count
            ? table.timesMs[position] : Int64(position) * options.intervalMs
    }

    /// From one loop to the next: the whole span and one more of its first step.
    private var rowSpan: Int64 {
        guard table.rows > 1 else { return options.intervalMs }
        return time(table.rows - 1) &- time(0) &+ (time(1) &- time(0))
    }

    private mutating func score(_ column: Int, from row: Int) -> Double {
        let values = table.columns[column]
        var block: [Double] = []
        for offset in 0..<TensorPool.blockValues { block.append(values[(row + offset) % table.rows]) }
        let before = row == 0 ? Double.nan : values[(row - 1) % table.rows]
        var score = scorers[column].score(block[...], after: before)
        if !table.scores.isEmpty {
            score = 0
            for offset in 0..<TensorPool.blockValues {
                score = max(score, table.scores[min((row + offset) % table.rows, table.scores.count - 1)])
            }
        }
        highBlocks[column].append(score >= pool.settings.exactScore)
        return score
    }

    // MARK: verification

    private mutating func verify() throws(PoolError) {
        for column in table.columns.indices {
            var figures = ReplayColumn(name: table.names[column], scale: scales[column])
            figures.usage = pool.usage(of: UInt16(column))
            let values = table.columns[column]
            let scale = scales[column]
            var next: UInt64 = 0
            let span = rowSpan
            try pool.forEach(series: UInt16(column), in: 0..<ChunkLimits.indices) { sample in
                let row = Int(sample.index)
                let position = row % table.rows
                let truth = values[position]
                if sample.index != next { figures.missing += 1 }
                next = sample.index + 1
                figures.check(
                    sample, truth, isHigh: highBlocks[column][row / TensorPool.blockValues],
                    fullScale: scale.fullScale)
                if sample.timeMs != time(position) + Int64(row / table.rows) * span {
                    figures.wrongTimes += 1
                }
            }
            report.columns.append(figures)
        }
    }
}

/// The full scale of a column that nobody declared: its own range without the far ends.
enum FullScale {
    static func range(of values: [Double], cut: Double) -> (Double, Double) {
        var finite = values.filter { $0.isFinite }
        guard !finite.isEmpty else { return (0, 1) }
        finite.sort()
        let last = Double(finite.count - 1)
        let lower = finite[Int(last * cut + 0.5)]
        let upper = finite[Int(last * (1 - cut) + 0.5)]
        if Grid(lower: lower, upper: upper) != nil { return (lower, upper) }
        // Nearly constant: the whole range, or a unit around the value.
        let (least, most) = (finite[0], finite[finite.count - 1])
        if Grid(lower: least, upper: most) != nil { return (least, most) }
        let unit = max(1, least.magnitude / 1000)
        return (least - unit, least + unit)
    }
}
