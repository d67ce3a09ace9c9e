// How amplitudes lie in memory at each bit depth, in tiles of 16 amplitudes (32 real numbers).
//
//   81 bits   four groups of eight numbers in 81 bytes, the planes of `Bits81Planes`: 324 bytes
//   64 bits   32 Doubles: 256 bytes
//   16 bits   block scaling: one Float32 scale = largest magnitude of the tile ÷ 32767, then 32
//             signed 16-bit integers, rounded half to even: 68 bytes
//    8 bits   the same with 127 and 8-bit integers: 36 bytes
//
// Every gate decodes the tiles it touches, computes, and encodes them again: amplitudes are
// quantised after every gate. Encoding what was just decoded gives the same bytes, so a tile that a
// gate leaves alone needs no visit. Sixteen amplitudes share a scale because fewer would cost the
// third qubit that 8 bits gain over 81 (324/36 = 9 ≥ 2³), and more would lose small amplitudes.
// What that costs: a gate that moves an amplitude by less than half a step of its tile moves nothing,
// so rotations below 1/127 rad are lost at 8 bits, however many there are (at 16: below 1/32767).
// All numbers are little-endian in memory, as both machines are.

import Precision

/// Bits per real number of an amplitude.
public enum BitDepth: Int, CaseIterable, Sendable {
    case bits81 = 81
    case bits64 = 64
    case bits16 = 16
    case bits8 = 8

    /// Bytes of 16 amplitudes.
    public var tileBytes: Int {
        switch self {
        case .bits81: 4 * Bits81Planes.bytesPerGroup
        case .bits64: 256
        case .bits16: 4 + 64
        case .bits8: 4 + 32
        }
    }

    /// How many amplitudes share one scale; 1 where each number has its own exponent.
    public var amplitudesPerScale: Int { self == .bits16 || self == .bits8 ? 16 : 1 }
}

/// One decoded tile: 16 amplitudes as real and imaginary parts, `re[0…15]`, `im[16…31]`. The low
/// halves are used at 81 bits alone.
struct Tile {
    static let amplitudes = 16
    static let numbers = 32

    let high: UnsafeMutablePointer<Double>
    let low: UnsafeMutablePointer<Double>

    @inline(__always) func re(_ lane: Int) -> DoubleDouble {
        DoubleDouble(high[lane], low[lane])
    }
    @inline(__always) func im(_ lane: Int) -> DoubleDouble {
        DoubleDouble(high[lane &+ 16], low[lane &+ 16])
    }
    @inline(__always) func complex(_ lane: Int) -> Complex { Complex(re(lane), im(lane)) }

    @inline(__always) func set(_ lane: Int, _ value: Complex) {
        high[lane] = value.re.high
        low[lane] = value.re.low
        high[lane &+ 16] = value.im.high
        low[lane &+ 16] = value.im.low
    }
}

enum AmplitudeCodec {
    static func load(_ depth: BitDepth, _ bytes: UnsafeRawPointer, _ tile: Tile) {
        switch depth {
        case .bits81: load81(bytes, tile)
        case .bits64:
            var index = 0
            while index < Tile.numbers {
                tile.high[index] = bytes.loadUnaligned(fromByteOffset: index &* 8, as: Double.self)
                index &+= 1
            }
        case .bits16:
            let scale = Double(bytes.loadUnaligned(as: Float.self))
            var index = 0
            while index < Tile.numbers {
                let code = bytes.loadUnaligned(fromByteOffset: 4 &+ index &* 2, as: Int16.self)
                tile.high[index] = Double(code) * scale
                index &+= 1
            }
        case .bits8:
            let scale = Double(bytes.loadUnaligned(as: Float.self))
            var index = 0
            while index < Tile.numbers {
                let code = bytes.load(fromByteOffset: 4 &+ index, as: Int8.self)
                tile.high[index] = Double(code) * scale
                index &+= 1
            }
        }
    }

    static func store(_ depth: BitDepth, _ tile: Tile, _ bytes: UnsafeMutableRawPointer) {
        switch depth {
        case .bits81: store81(tile, bytes)
        case .bits64:
            var index = 0
            while index < Tile.numbers {
                bytes.storeBytes(of: tile.high[index], toByteOffset: index &* 8, as: Double.self)
                index &+= 1
            }
        case .bits16:
            let (scale, inverse) = scaling(tile, 32767)
            bytes.storeBytes(of: scale, as: Float.self)
            var index = 0
            while index < Tile.numbers {
                let code = Int16(truncatingIfNeeded: rounded(tile.high[index] * inverse))
                bytes.storeBytes(of: code, toByteOffset: 4 &+ index &* 2, as: Int16.self)
                index &+= 1
            }
        case .bits8:
            let (scale, inverse) = scaling(tile, 127)
            bytes.storeBytes(of: scale, as: Float.self)
            var index = 0
            while index < Tile.numbers {
                let code = Int8(truncatingIfNeeded: rounded(tile.high[index] * inverse))
                bytes.storeBytes(of: code, toByteOffset: 4 &+ index, as: Int8.self)
                index &+= 1
            }
        }
    }

    /// The scale as it is stored, and the factor that turns a value into steps of it.
    @inline(__always)
    private static func scaling(_ tile: Tile, _ steps: Double) -> (Float, Double) {
        var largest = 0.0
        var index = 0
        while index < Tile.numbers {
            let magnitude = tile.high[index].magnitude
            if magnitude > largest { largest = magnitude }
            index &+= 1
        }
        // Below this a tile is nothing: 2^30 such amplitudes still have no weight.
        guard largest > 1e-25 else { return (0, 0) }
        let scale = Float(largest / steps)
        return (scale, 1 / Double(scale))
    }

    /// Half to even, by the addition that leaves no fraction bits; |value| ≤ 32768.
    @inline(__always)
    private static func rounded(_ value: Double) -> Int {
        let shift = 6_755_399_441_055_744.0
        let sum = value + shift
        // The integer stands in the low bits of the significand.
        return Int(Int32(truncatingIfNeeded: sum.bitPattern))
    }

    // MARK: 81 bits

    private static func load81(_ bytes: UnsafeRawPointer, _ tile: Tile) {
        var number = 0
        while number < Tile.numbers {
            let group = bytes + (number >> 3) &* Bits81Planes.bytesPerGroup
            let lane = number & 7
            let fraction = group.loadUnaligned(fromByteOffset: lane &* 8, as: UInt64.self)
            let exponent = group.loadUnaligned(fromByteOffset: 64 &+ lane &* 2, as: UInt16.self)
            let signs = group.load(fromByteOffset: 80, as: UInt8.self)
            let value = split(
                Bits81(
                    isNegative: signs >> UInt8(lane) & 1 == 1, exponent: exponent,
                    fraction: fraction))
            tile.high[number] = value.high
            tile.low[number] = value.low
            number &+= 1
        }
    }

    private static func store81(_ tile: Tile, _ bytes: UnsafeMutableRawPointer) {
        var start = 0
        while start < Tile.numbers {
            let group = bytes + (start >> 3) &* Bits81Planes.bytesPerGroup
            var signs: UInt8 = 0
            var lane = 0
            while lane < 8 {
                let value = join(DoubleDouble(tile.high[start &+ lane], tile.low[start &+ lane]))
                group.storeBytes(of: value.fraction, toByteOffset: lane &* 8, as: UInt64.self)
                group.storeBytes(of: value.exponent, toByteOffset: 64 &+ lane &* 2, as: UInt16.self)
                if value.isNegative { signs |= 1 << UInt8(lane) }
                lane &+= 1
            }
            group.storeBytes(of: signs, toByteOffset: 80, as: UInt8.self)
            start &+= 8
        }
    }

    /// The nearest 81-bit number, ties to even. What lies below 2^-800 becomes zero: no amplitude
    /// of weight is that small, and the powers of two below stay normal.
    static func join(_ value: DoubleDouble) -> Bits81 {
        let bits = value.high.bitPattern
        let biased = Int(bits >> 52 & 0x7FF)
        guard biased > 1023 - 800, biased < 1023 + 800 else { return .zero }
        let negative = bits >> 63 != 0
        let mantissa = Int128(bits & 0x000F_FFFF_FFFF_FFFF | 1 << 52)
        // high = mantissa · 2^(e−52); in units of 2^(e−116) it has 117 bits, and low at most 64.
        let unit = Double(bitPattern: UInt64(1023 - (biased - 1023) + 116) << 52)
        let tail = Int128(negative ? -value.low * unit : value.low * unit)
        var sum = UInt128(truncatingIfNeeded: mantissa << 64 &+ tail)
        var exponent = biased - 1023
        if sum >> 116 == 0 {
            sum <<= 1
            exponent -= 1
        }
        let rest = sum & (1 << 52 - 1)
        var kept = sum >> 52
        if rest > 1 << 51 || (rest == 1 << 51 && kept & 1 == 1) { kept += 1 }
        if kept >> 65 != 0 {
            kept >>= 1
            exponent += 1
        }
        return Bits81(
            isNegative: negative, exponent: UInt16(truncatingIfNeeded: exponent + Bits81.bias),
            fraction: UInt64(truncatingIfNeeded: kept))
    }

    /// The 81-bit number as two Doubles, exactly; it was written by `join`.
    static func split(_ value: Bits81) -> DoubleDouble {
        let power = Int(value.exponent) - Bits81.bias
        guard power > -900, power < 900 else { return .zero }
        let high = Double(
            bitPattern: UInt64(power + 1023) << 52 | value.fraction >> 12)
        // The twelve bits below the Double's: 2^(power−64) each.
        let low =
            Double(value.fraction & 0xFFF) * Double(bitPattern: UInt64(power - 64 + 1023) << 52)
        let exact = DoubleDouble.ordered(high, low)
        return value.isNegative ? -exact : exact
    }
}
