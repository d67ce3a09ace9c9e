// The 16-bit grid on a declared full scale, and the 8-bit grid nested in it.
//
// FS = upper − lower. q16 = round((x − lower) / s16), s16 = FS/65535; q8 lies on every 257th line
// of the same grid, and 65535 = 255 · 257. So demoting 16 → 8 has exactly the direct bound:
//   16-bit: |error| ≤ s16/2 = FS/131070
//   8-bit:  |error| ≤ (128 + 1/2) · s16 = s8/2 = FS/510
// A value outside the full scale is a larger (or negative) integer, never clamped. What no integer
// can stand for within the bound (NaN, ±∞, magnitudes where a Double's own steps are coarser than
// the grid) answers nil, and the caller keeps it exactly, as an exception. The bound is checked on
// the reconstructed value, so rounding in these formulas cannot break it.

public struct Grid: Equatable, Sendable {
    public let lower: Double
    public let upper: Double
    /// One step of the 16-bit grid.
    public let step16: Double

    /// One 8-bit step in 16-bit steps.
    public static let nesting: Int64 = 257
    /// Beyond this many steps an outlier is kept exactly: as an integer it would cost as much.
    public static let largestIndex: Int64 = 1 << 40

    /// Nil unless both ends are finite, lower < upper, and the step is a normal number.
    public init?(lower: Double, upper: Double) {
        let span = upper - lower
        guard lower.isFinite, upper.isFinite, span.isFinite, lower < upper,
            span / 65535 >= Double.leastNormalMagnitude
        else { return nil }
        self.lower = lower
        self.upper = upper
        step16 = span / 65535
    }

    public var fullScale: Double { upper - lower }
    public var bound16: Double { fullScale / 131070 }
    public var bound8: Double { fullScale / 510 }

    /// The 16-bit index of a value, or nil where the value must be kept exactly.
    public func index16(of value: Double) -> Int64? {
        guard let index = nearest(value) else { return nil }
        return fits(value, index: index, bound: bound16) ? index : nil
    }

    /// The 8-bit index of a value, or nil where the value must be kept exactly.
    public func index8(of value: Double) -> Int64? {
        guard let fine = nearest(value) else { return nil }
        let index = Self.nested(fine)
        return fits(value, index: index * Self.nesting, bound: bound8) ? index : nil
    }

    /// 16-bit index → the 8-bit index of the nearest nested line.
    public static func nested(_ index16: Int64) -> Int64 {
        let shifted = index16 + nesting / 2
        let quotient = shifted / nesting
        return shifted % nesting < 0 ? quotient - 1 : quotient
    }

    public func value16(_ index: Int64) -> Double { lower + Double(index) * step16 }
    public func value8(_ index: Int64) -> Double { lower + Double(index * Self.nesting) * step16 }

    private func nearest(_ value: Double) -> Int64? {
        let position = (value - lower) / step16
        // False for NaN as well.
        guard position.magnitude <= Double(Self.largestIndex) else { return nil }
        return Int64(Self.roundedHalfEven(position))
    }

    /// For magnitudes below 2^51: the addition itself rounds; `rounded()` would call libm where the
    /// processor has no instruction for it.
    @inline(__always) static func roundedHalfEven(_ value: Double) -> Double {
        (value + roundingShift) - roundingShift
    }

    /// 1.5 · 2^52: a sum with it has no fraction bits, and its low bits are the integer.
    @inline(__always) static var roundingShift: Double { 6_755_399_441_055_744.0 }

    private func fits(_ value: Double, index: Int64, bound: Double) -> Bool {
        (value - value16(index)).magnitude <= bound
    }
}
