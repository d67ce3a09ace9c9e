// The state of a register of qubits: 2^n amplitudes, stored at a chosen bit depth.
//
// Qubit k is bit k of an amplitude's index. The store is changed in place, tile by tile; besides it
// there are two decoded tiles. So `byteCount` is the whole memory a state needs, and the largest
// register under a budget is one that can really be allocated (a test allocates them).

import Phi
import Precision

public final class StateVector {
    public let qubits: Int
    public let depth: BitDepth

    /// More would not fit a device of 8 GB at 8 bits, and controls are a mask of 32 bits.
    public static let qubitsMax = 30
    /// The object, two decoded tiles, the array's header, and the allocator's rounding to the
    /// largest page in use (16 KiB on a Raspberry Pi 5).
    public static let overheadBytes = 1024 + 256 + 16 * 1024

    private var store: [UInt8]
    private let scratch: UnsafeMutablePointer<Double>
    private let a: Tile
    private let b: Tile

    /// |0…0⟩. Nil above `qubitsMax` or below one qubit.
    public init?(qubits: Int, depth: BitDepth) {
        guard qubits >= 1, qubits <= Self.qubitsMax else { return nil }
        self.qubits = qubits
        self.depth = depth
        store = [UInt8](repeating: 0, count: Self.tileCount(qubits) * depth.tileBytes)
        let count = 4 * Tile.numbers
        scratch = UnsafeMutablePointer<Double>.allocate(capacity: count)
        scratch.initialize(repeating: 0, count: count)
        a = Tile(high: scratch, low: scratch + Tile.numbers)
        b = Tile(high: scratch + 2 * Tile.numbers, low: scratch + 3 * Tile.numbers)
        reset()
    }

    deinit { scratch.deallocate() }

    private static func tileCount(_ qubits: Int) -> Int { max(1, (1 << qubits) >> 4) }

    /// Bytes that a register of `qubits` takes, all in all.
    public static func byteCount(qubits: Int, depth: BitDepth) -> Int {
        tileCount(max(1, min(qubitsMax, qubits))) * depth.tileBytes + overheadBytes
    }

    /// The largest register within `budgetBytes`; 0 when not even one qubit fits.
    public static func largestRegister(budgetBytes: Int, depth: BitDepth) -> Int {
        var qubits = 0
        while qubits < qubitsMax, byteCount(qubits: qubits + 1, depth: depth) <= budgetBytes {
            qubits += 1
        }
        return qubits
    }

    public var byteCount: Int { Self.byteCount(qubits: qubits, depth: depth) }
    /// The bytes in memory, for a digest.
    public var storedBytes: [UInt8] { store }
    private var amplitudes: Int { 1 << qubits }

    /// Back to |0…0⟩.
    public func reset() {
        store.withUnsafeMutableBytes { raw in
            raw.initializeMemory(as: UInt8.self, repeating: 0)
            guard let base = raw.baseAddress else { return }
            AmplitudeCodec.load(depth, base, a)
            a.set(0, .one)
            AmplitudeCodec.store(depth, a, base)
        }
    }

    /// The amplitude at `index`, rounded to Doubles; zero outside the register.
    public func amplitude(_ index: Int) -> (re: Double, im: Double) {
        guard index >= 0, index < amplitudes else { return (0, 0) }
        load(index >> 4, a)
        return (a.high[index & 15], a.high[index & 15 | 16])
    }

    func load(_ tile: Int, _ into: Tile) {
        store.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return }
            AmplitudeCodec.load(depth, base + tile &* depth.tileBytes, into)
        }
    }

    // MARK: gates

    func apply(_ matrix: Matrix2, target: Int, controls: UInt32) {
        guard target < qubits else { return }
        let lowControls = Int(controls & 15)
        let highControls = Int(controls >> 4)
        let stride = depth.tileBytes
        let tiles = Self.tileCount(qubits)
        store.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            if target < 4 {
                var tile = 0
                while tile < tiles {
                    if tile & highControls == highControls {
                        let place = base + tile &* stride
                        AmplitudeCodec.load(depth, place, a)
                        mixWithin(matrix, 1 << target, lowControls)
                        AmplitudeCodec.store(depth, a, place)
                    }
                    tile &+= 1
                }
                return
            }
            let bit = 1 << (target - 4)
            let keepsZero = matrix.keepsZero
            var tile = 0
            while tile < tiles {
                if tile & bit == 0, tile & highControls == highControls {
                    let first = base + tile &* stride
                    let second = base + (tile | bit) &* stride
                    if !keepsZero { AmplitudeCodec.load(depth, first, a) }
                    AmplitudeCodec.load(depth, second, b)
                    if keepsZero {
                        scale(b, matrix.m11, lowControls)
                    } else {
                        mixAcross(matrix, lowControls)
                        AmplitudeCodec.store(depth, a, first)
                    }
                    AmplitudeCodec.store(depth, b, second)
                }
                tile &+= 1
            }
        }
    }

    /// Pairs of lanes of tile `a` that differ in `bit`.
    private func mixWithin(_ m: Matrix2, _ bit: Int, _ controls: Int) {
        var lane = 0
        while lane < Tile.amplitudes {
            if lane & bit == 0, lane & controls == controls { mix(m, a, lane, a, lane | bit) }
            lane &+= 1
        }
    }

    private func mixAcross(_ m: Matrix2, _ controls: Int) {
        var lane = 0
        while lane < Tile.amplitudes {
            if lane & controls == controls { mix(m, a, lane, b, lane) }
            lane &+= 1
        }
    }

    @inline(__always)
    private func mix(_ m: Matrix2, _ p: Tile, _ i: Int, _ q: Tile, _ j: Int) {
        if depth == .bits81 {
            let x = p.complex(i)
            let y = q.complex(j)
            p.set(i, m.m00 * x + m.m01 * y)
            q.set(j, m.m10 * x + m.m11 * y)
            return
        }
        let xr = p.high[i]
        let xi = p.high[i &+ 16]
        let yr = q.high[j]
        let yi = q.high[j &+ 16]
        p.high[i] =
            (m.m00.re.high * xr - m.m00.im.high * xi) + (m.m01.re.high * yr - m.m01.im.high * yi)
        p.high[i &+ 16] =
            (m.m00.re.high * xi + m.m00.im.high * xr) + (m.m01.re.high * yi + m.m01.im.high * yr)
        q.high[j] =
            (m.m10.re.high * xr - m.m10.im.high * xi) + (m.m11.re.high * yr - m.m11.im.high * yi)
        q.high[j &+ 16] =
            (m.m10.re.high * xi + m.m10.im.high * xr) + (m.m11.re.high * yi + m.m11.im.high * yr)
    }

    private func scale(_ tile: Tile, _ factor: Complex, _ controls: Int) {
        var lane = 0
        while lane < Tile.amplitudes {
            if lane & controls == controls {
                if depth == .bits81 {
                    tile.set(lane, factor * tile.complex(lane))
                } else {
                    let re = tile.high[lane]
                    let im = tile.high[lane &+ 16]
                    tile.high[lane] = factor.re.high * re - factor.im.high * im
                    tile.high[lane &+ 16] = factor.re.high * im + factor.im.high * re
                }
            }
            lane &+= 1
        }
    }

    // MARK: probabilities

    /// Σ|a|² over the amplitudes whose index has every bit of `mask` set; 0 gives the squared norm.
    public func weight(mask: Int = 0) -> Double { preciseWeight(mask: mask).high }

    func preciseWeight(mask: Int) -> DoubleDouble {
        var total = DoubleDouble.zero
        forEachTile { tile, first in
            var lane = 0
            while lane < Tile.amplitudes {
                if (first | lane) & mask == mask {
                    let re = tile.high[lane]
                    let im = tile.high[lane &+ 16]
                    if depth == .bits81 {
                        let r = tile.re(lane)
                        let i = tile.im(lane)
                        total = total + (r * r + i * i)
                    } else {
                        total = total + DoubleDouble.sum(re * re, im * im)
                    }
                }
                lane &+= 1
            }
        }
        return total
    }

    /// Calls `body` with every decoded tile and the index of its first amplitude.
    func forEachTile(_ body: (Tile, Int) -> Void) {
        for tile in 0..<Self.tileCount(qubits) {
            load(tile, a)
            body(a, tile << 4)
        }
    }

    /// Measures a qubit: `draw` in [0,1) decides. The state is projected and scaled to norm 1.
    func measure(_ qubit: Int, draw: Double) -> Bool {
        let all = preciseWeight(mask: 0)
        let one = preciseWeight(mask: 1 << qubit)
        let result = draw * all.high < one.high
        let kept = result ? one : all - one
        guard kept.high > 0 else { return result }
        let factor = Complex(DoubleDouble.inverseRoot(kept))
        apply(
            result ? .diagonal(.zero, factor) : .diagonal(factor, .zero), target: qubit, controls: 0)
        return result
    }

    /// 1 − |⟨self|other⟩|² ÷ (⟨self|self⟩⟨other|other⟩): 0 for the same state up to its length and
    /// phase. Nil for registers of different sizes. Summed and subtracted at 106 bits, so that the
    /// distance between 64 and 81 bits shows.
    public func infidelity(with other: StateVector) -> Double? {
        guard qubits == other.qubits else { return nil }
        var re = DoubleDouble.zero
        var im = DoubleDouble.zero
        var own = DoubleDouble.zero
        var others = DoubleDouble.zero
        forEachTile { tile, first in
            other.load(first >> 4, other.b)
            var lane = 0
            while lane < Tile.amplitudes {
                let x = tile.complex(lane)
                let y = other.b.complex(lane)
                re = re + (x.re * y.re + x.im * y.im)
                im = im + (x.re * y.im - x.im * y.re)
                own = own + (x.re * x.re + x.im * x.im)
                others = others + (y.re * y.re + y.im * y.im)
                lane &+= 1
            }
        }
        let lengths = own * others
        guard lengths.high > 0 else { return 1 }
        return clamp((lengths - (re * re + im * im)).high / lengths.high, 0...1)
    }
}
