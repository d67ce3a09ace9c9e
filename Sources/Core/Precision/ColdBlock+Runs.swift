// The first bytes of a cold block: how its values are held, which can be known without decoding them.

import Phi

extension ColdBlock {
    /// Runs are made of whole blocks of the pool, mostly.
    private static let runUnit = 128

    /// How the values of a block are held, without decoding them; nothing if the bytes are damaged.
    public static func forEachRun(
        of bytes: UnsafeRawBufferPointer, count: Int, _ body: (ValueRun) -> Void
    ) {
        var source = ByteSource(bytes)
        try? walkRuns(count: count, from: &source, body)
    }

    /// About how many bits would be freed by putting all that is not kept exact on the 8-bit grid,
    /// and of how many values.
    ///
    /// A value that takes b bits where steps are 2^n times finer than the 8-bit grid's will take
    /// b − n as long as that is more than a bit or two; and never less than nothing: log2(1 + 2^(b − n))
    /// has both ends right. What b is, the chunk's own size says.
    public static func bitsFreedAt8(
        of bytes: UnsafeRawBufferPointer, count: Int, grid: Grid
    ) -> (bits: Double, values: Int) {
        var source = ByteSource(bytes)
        // Where the places lie is known behind the runs only.
        guard count > 0, (try? walkRuns(count: count, from: &source) { _ in }) != nil,
            let places = try? source.read8()
        else { return (0, 0) }
        var (grid16, decimal, xor) = (0, 0, 0)
        forEachRun(of: bytes, count: count) { run in
            guard !run.isKept else { return }
            switch run.coding {
            case .grid8: break
            case .grid16: grid16 += run.count
            case .decimal: decimal += run.count
            case .xor: xor += run.count
            }
        }
        let taken = Double(bytes.count * 8) / Double(count)
        let coarse = grid.step16 * Double(Grid.nesting)
        let ratio = coarse * DecimalScale.power(min(Int(places), DecimalScale.largest))
        var (bits, values) = (0.0, 0)
        func add(_ held: Int, finer: Double) {
            guard held > 0, finer > 0 else { return }
            bits += Double(held) * max(0, taken - Phi.log2(1 + Phi.exp2(taken - finer)))
            values += held
        }
        add(grid16, finer: 8)
        add(decimal, finer: ratio > 1 ? Phi.log2(ratio) : 0)
        // Of mantissas all but the first bits are noise.
        add(xor, finer: 45)
        return (bits, values)
    }

    static func appendRuns(_ runs: [ValueRun], into sink: inout ByteSink) {
        let inBlocks = runs.dropLast().allSatisfy { $0.count % runUnit == 0 }
        sink.appendVarint(UInt64(runs.count) << 1 | (inBlocks ? 1 : 0))
        for (index, run) in runs.enumerated() {
            let length = index == runs.count - 1 ? 0 : run.count / (inBlocks ? runUnit : 1)
            sink.appendVarint(
                UInt64(length) << 3 | (run.isKept ? 4 : 0) | UInt64(run.coding.rawValue))
        }
    }

    static func walkRuns(
        count: Int, from source: inout ByteSource, _ body: (ValueRun) -> Void
    ) throws(PrecisionError) {
        let head = try source.readVarint()
        let runCount = head >> 1
        let unit = head & 1 == 1 ? UInt64(runUnit) : 1
        guard runCount > 0, runCount <= UInt64(count) else { throw .tooLarge }
        var left = UInt64(count)
        for index in 0..<runCount {
            let word = try source.readVarint()
            let isLast = index == runCount - 1
            // Bounded before it is multiplied.
            guard word >> 3 <= left, (word >> 3 == 0) == isLast,
                let coding = RunCoding(rawValue: UInt8(word & 3))
            else { throw .malformed }
            let length = isLast ? left : (word >> 3) * unit
            let isKept = word & 4 != 0
            guard length > 0, length <= left, coding.isExact || !isKept else { throw .malformed }
            left -= length
            body(
                ValueRun(
                    count: Int(length), coding: coding, isKept: isKept,
                    isOriginal: coding.isExact))
        }
        guard left == 0 else { throw .malformed }
    }
}
