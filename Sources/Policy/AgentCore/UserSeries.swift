// The workload's series: their names, and the full scales that are learned from their values.
//
// A series has a full scale, which its 16- and 8-bit grids divide. A sensor's is known; a workload's
// is what it says (min, max), or what its values were so far: at first the range of the first line,
// widened, and then again whenever a block of values has gone beyond it. A scale that is too narrow
// costs bits and no precision, since values outside are held within the same bound.

import Model
import TensorPool

struct UserSeries {
    /// Names at most: each has an open buffer of up to 1 KiB, so a pool of the default 512 KiB has
    /// an eighth of itself in them.
    static let countMax = 64
    /// How often a scale is learned anew: the pool keeps each for as long as chunks refer to it.
    static let rescalesMax = 16

    struct Entry {
        let name: [UInt8]
        var declaration: SeriesDeclaration
        /// What the values were, since the start.
        var low: Double
        var high: Double
        /// Given by the caller: not learned.
        var isScaleFixed: Bool
        var rescales = 0
        var appended: UInt64 = 0
        var refused: UInt64 = 0
        var lastMs = Int64.min
        /// No time was ever before the one before it.
        var isOrdered = true

        mutating func note(_ value: Double, _ timeMs: Int64) {
            low = min(low, value)
            high = max(high, value)
            if timeMs < lastMs { isOrdered = false }
            lastMs = timeMs
            appended += 1
        }

        /// A wider scale is due: a whole block has come since the last look, and it went beyond.
        var widened: SeriesDeclaration? {
            guard !isScaleFixed, rescales < UserSeries.rescalesMax,
                appended % UInt64(TensorPool.blockValues) == 0,
                low < declaration.lower || high > declaration.upper
            else { return nil }
            var next = declaration
            (next.lower, next.upper) = UserSeries.scale(low, high)
            return next
        }
    }

    private(set) var entries: [Entry] = []
    private var namesTold = 0

    subscript(index: Int) -> Entry {
        get { entries[index] }
        set { entries[index] = newValue }
    }

    func index(of name: [UInt8]) -> Int? { entries.firstIndex { $0.name == name } }

    static func id(_ index: Int) -> UInt16 { SeriesID.firstUser + UInt16(index) }

    mutating func add(_ entry: Entry) { entries.append(entry) }

    /// A full scale around what was seen, half as wide again on each side.
    static func scale(_ low: Double, _ high: Double) -> (lower: Double, upper: Double) {
        // Where all values are equal, a thousandth of their size; where they are zero, one.
        let size = max(low.magnitude, high.magnitude)
        let span = max(high - low, size / 1024, size == 0 ? 1 : 0)
        let (lower, upper) = (low - span / 2, high + span / 2)
        // Beyond what a grid can divide, any scale does: what lies outside is kept all the same.
        guard (upper - lower).isFinite, (upper - lower) / 65535 >= Double.leastNormalMagnitude else {
            return (-1, 1)
        }
        return (lower, upper)
    }

    // MARK: names on the wire

    var names: [SeriesName] {
        entries.indices.map {
            SeriesName(id: Self.id($0), name: String(decoding: entries[$0].name, as: UTF8.self))
        }
    }

    var namesToTell: [SeriesName] { Array(names.dropFirst(namesTold)) }

    mutating func noteTold(_ names: [SeriesName]) {
        for name in names where name.id >= SeriesID.firstUser {
            namesTold = max(namesTold, Int(name.id - SeriesID.firstUser) + 1)
        }
        namesTold = min(namesTold, entries.count)
    }

    var appended: UInt64 { entries.reduce(0) { $0 + $1.appended } }
    var refused: UInt64 { entries.reduce(0) { $0 + $1.refused } }
}
