// The gates the simulator applies: a 2×2 matrix on one target, under any number of controls.
//
// Every gate of qelib1 is one of these, or a short sequence of them (`Qelib1`). An angle is
// evaluated as a Double; from there on a matrix is exact to about 2^-88, so that the storage of the
// amplitudes alone decides the fidelity.

/// What is applied to the target.
enum GateKind: UInt8, Sendable {
    case id, x, y, z, h, s, sdg, t, tdg, sx, sxdg
    /// U(θ, φ, λ).
    case u
    /// diag(1, e^iλ).
    case phase
    case rx, ry, rz

    /// Angles it takes.
    var parameters: Int {
        switch self {
        case .u: 3
        case .phase, .rx, .ry, .rz: 1
        default: 0
        }
    }
}

/// Row by row.
struct Matrix2: Equatable, Sendable {
    var m00: Complex
    var m01: Complex
    var m10: Complex
    var m11: Complex

    var isDiagonal: Bool { m01 == .zero && m10 == .zero }
    /// diag(1, …): amplitudes with the target bit clear keep their value.
    var keepsZero: Bool { isDiagonal && m00 == .one }

    init(_ m00: Complex, _ m01: Complex, _ m10: Complex, _ m11: Complex) {
        self.m00 = m00
        self.m01 = m01
        self.m10 = m10
        self.m11 = m11
    }

    static func diagonal(_ m00: Complex, _ m11: Complex) -> Matrix2 {
        Matrix2(m00, .zero, .zero, m11)
    }

    init(_ kind: GateKind, _ a: Double, _ b: Double, _ c: Double) {
        let r = DoubleDouble.halfRoot
        switch kind {
        case .id: self = .diagonal(.one, .one)
        case .x: self.init(.zero, .one, .one, .zero)
        case .y: self.init(.zero, -.i, .i, .zero)
        case .z: self = .diagonal(.one, -.one)
        case .h: self.init(Complex(r), Complex(r), Complex(r), Complex(-r))
        case .s: self = .diagonal(.one, .i)
        case .sdg: self = .diagonal(.one, -.i)
        case .t: self = .diagonal(.one, Complex(r, r))
        case .tdg: self = .diagonal(.one, Complex(r, -r))
        case .sx, .sxdg:
            // √X = ½ [[1+i, 1−i], [1−i, 1+i]]
            let sign = kind == .sx ? DoubleDouble.half : -DoubleDouble.half
            let plus = Complex(.half, sign)
            let minus = Complex(.half, -sign)
            self.init(plus, minus, minus, plus)
        case .u:
            let (sine, cosine) = DoubleDouble.sineAndCosine(a / 2)
            let phi = Complex.phase(b)
            let lambda = Complex.phase(c)
            self.init(
                Complex(cosine), -(lambda * Complex(sine)), phi * Complex(sine),
                phi * lambda * Complex(cosine))
        case .phase: self = .diagonal(.one, Complex.phase(a))
        case .rx:
            let (sine, cosine) = DoubleDouble.sineAndCosine(a / 2)
            let off = Complex(.zero, -sine)
            self.init(Complex(cosine), off, off, Complex(cosine))
        case .ry:
            let (sine, cosine) = DoubleDouble.sineAndCosine(a / 2)
            self.init(Complex(cosine), Complex(-sine), Complex(sine), Complex(cosine))
        case .rz: self = .diagonal(Complex.phase(-a / 2), Complex.phase(a / 2))
        }
    }
}

/// One step of a program; its memory is charged to the budget.
public struct Operation: Sendable {
    enum Action: Sendable {
        case gate(GateKind)
        /// Of qubit `target` into classical bit `classical`.
        case measure
        case reset
    }

    var action: Action
    /// Qubit.
    var target: UInt8
    /// Classical bit that a measurement writes.
    var classical: UInt8 = 0
    /// Index into `Program.conditions`, or −1.
    var condition: Int16 = -1
    /// Qubits that must be 1, as a mask.
    var controls: UInt32 = 0
    var angles: (Double, Double, Double) = (0, 0, 0)

    var qubits: UInt32 { controls | 1 << UInt32(target) }
}

/// `if (register == value)`: the bits of the classical register, and what they must be.
struct Condition: Sendable {
    var firstBit: Int
    var mask: UInt64
    var value: UInt64

    func holds(_ bits: UInt64) -> Bool { bits >> UInt64(firstBit) & mask == value }
}
