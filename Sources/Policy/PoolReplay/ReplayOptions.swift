import Phi

/// How values below the exact share are held.
public enum ReplayBound: UInt8, Sendable {
    /// Within full scale / 510, from the start.
    case bits8
    /// Within full scale / 131070, and never worse.
    case bits16
    /// Every value exactly.
    case exact
    /// The lowest half at 8 bits when room is short, the rest at 16: the pool's own policy.
    case policy
    /// 10/60/30: of ten values one exact, six at 16 bits, three at 8.
    case mixed
}

public struct ReplayOptions: Sendable {
    public var budgetBytes = 512 * 1024
    public var exactShare = 0.10
    public var bound = ReplayBound.bits8
    /// The data are looped at most this often.
    public var loopsMax = 100
    /// Share of values cut off at each end when a column's full scale is taken from its own range.
    public var fullScaleCut = 0.005
    /// Full scales declared by name, instead.
    public var fullScales: [(name: [UInt8], lower: Double, upper: Double)] = []
    /// Milliseconds between rows when the file has no times.
    public var intervalMs: Int64 = 1000

    public init() {}

    /// `512KiB`, `2MiB`, `65536`; nil for anything else.
    public static func bytes(_ text: [UInt8]) -> Int? {
        var value = 0
        var index = 0
        while index < text.count, text[index] >= 0x30, text[index] <= 0x39 {
            guard value < 1 << 40 else { return nil }
            value = value * 10 + Int(text[index] - 0x30)
            index += 1
        }
        guard index > 0 else { return nil }
        var unit = Array(text[index...])
        if let last = unit.last, last | 0x20 == 0x62 { unit.removeLast() }
        if let last = unit.last, last | 0x20 == 0x69 { unit.removeLast() }
        let shift: Int
        switch unit.first.map({ $0 | 0x20 }) {
        case nil: shift = 0
        case 0x6B where unit.count == 1: shift = 10
        case 0x6D where unit.count == 1: shift = 20
        case 0x67 where unit.count == 1: shift = 30
        default: return nil
        }
        return value <= Int.max >> shift ? value << shift : nil
    }
}
