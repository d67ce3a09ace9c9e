// Running a program on a state, and the statistics of its measurements.
//
// A program that only measures at its end is run once, without projecting the state, and the shots
// are drawn from the final amplitudes. Any other (a measurement in the middle, `if`, `reset`) is
// run once for every shot. All randomness comes from one seed.

/// SplitMix64 (Steele, Lea, Flood 2014): the same draws on every machine.
public struct ShotRandom: Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// [0, 1), 53 bits.
    public mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}

/// How often the classical bits ended as `bits` (bit k is classical bit k).
public struct Outcome: Equatable, Sendable {
    public var bits: UInt64
    public var count: Int

    public init(bits: UInt64, count: Int) {
        self.bits = bits
        self.count = count
    }
}

public enum Simulator {
    /// An outcome each.
    public static let shotsMax = 65536

    /// Runs the program once from |0…0⟩, measurements included; the classical bits.
    @discardableResult
    public static func run(
        _ program: Program, on state: StateVector, random: inout ShotRandom
    ) -> UInt64 {
        run(program, on: state, random: &random, measures: true)
    }

    /// Runs the gates alone: the state before the measurements of a program that `measuresAtTheEnd`.
    public static func runGates(_ program: Program, on state: StateVector) {
        var random = ShotRandom(seed: 0)
        _ = run(program, on: state, random: &random, measures: false)
    }

    private static func run(
        _ program: Program, on state: StateVector, random: inout ShotRandom, measures: Bool
    ) -> UInt64 {
        state.reset()
        var bits: UInt64 = 0
        // A conditional statement on a register becomes several operations under one condition,
        // which counts as it was when the statement began.
        var condition: Int16 = -1
        var holds = true
        for operation in program.operations {
            if operation.condition != condition {
                condition = operation.condition
                holds = condition < 0 || program.conditions[Int(condition)].holds(bits)
            }
            guard holds else { continue }
            let target = Int(operation.target)
            switch operation.action {
            case .gate(let kind):
                guard kind != .id else { continue }
                let (a, b, c) = operation.angles
                state.apply(Matrix2(kind, a, b, c), target: target, controls: operation.controls)
            case .measure:
                guard measures else { continue }
                let one: UInt64 = 1 << UInt64(operation.classical)
                bits = state.measure(target, draw: random.unit()) ? bits | one : bits & ~one
            case .reset:
                guard state.measure(target, draw: random.unit()) else { continue }
                state.apply(Matrix2(.x, 0, 0, 0), target: target, controls: 0)
            }
        }
        return bits
    }

    /// Outcomes by their bits, ascending. Leaves in `state` what one run leaves (see above).
    public static func sample(
        _ program: Program, on state: StateVector, shots: Int, random: inout ShotRandom
    ) -> [Outcome] {
        let shots = max(0, min(shotsMax, shots))
        if program.measuresAtTheEnd {
            runGates(program, on: state)
            guard program.measurements > 0 else { return [] }
            return counted(draws(program, state, shots, &random))
        }
        var words: [UInt64] = []
        words.reserveCapacity(shots)
        for _ in 0..<shots { words.append(run(program, on: state, random: &random)) }
        return program.measurements > 0 ? counted(words) : []
    }

    /// One pass over the amplitudes, against the sorted draws.
    private static func draws(
        _ program: Program, _ state: StateVector, _ shots: Int, _ random: inout ShotRandom
    ) -> [UInt64] {
        let total = state.weight()
        var marks: [Double] = []
        marks.reserveCapacity(shots)
        for _ in 0..<shots { marks.append(random.unit() * total) }
        marks.sort()
        var words: [UInt64] = []
        words.reserveCapacity(shots)
        var passed = 0.0
        var last = 0
        state.forEachTile { tile, first in
            var lane = 0
            while lane < Tile.amplitudes, words.count < marks.count {
                let weight =
                    tile.high[lane] * tile.high[lane] + tile.high[lane + 16] * tile.high[lane + 16]
                if weight > 0 {
                    last = first | lane
                    passed += weight
                    while words.count < marks.count, marks[words.count] < passed {
                        words.append(bits(program, last))
                    }
                }
                lane += 1
            }
        }
        // What rounding left over belongs to the last amplitude that has weight.
        while words.count < marks.count { words.append(bits(program, last)) }
        return words
    }

    private static func bits(_ program: Program, _ index: Int) -> UInt64 {
        var bits: UInt64 = 0
        for operation in program.operations {
            guard case .measure = operation.action else { continue }
            let one: UInt64 = 1 << UInt64(operation.classical)
            bits = index >> Int(operation.target) & 1 == 1 ? bits | one : bits & ~one
        }
        return bits
    }

    private static func counted(_ words: [UInt64]) -> [Outcome] {
        var outcomes: [Outcome] = []
        for word in words.sorted() {
            if let last = outcomes.last, last.bits == word {
                outcomes[outcomes.count - 1].count += 1
            } else {
                outcomes.append(Outcome(bits: word, count: 1))
            }
        }
        return outcomes
    }
}
