// What the circuit tests share: golden circuits, and an independent simulator to compare with.

import Circuit
import Foundation
import Testing

enum Golden {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden/circuits")

    static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: "\(name).qasm"), encoding: .utf8)
    }

    static func program(_ name: String) throws -> Program { try Program(qasm: try text(name)) }
}

struct Number: Equatable {
    var re: Double
    var im: Double = 0

    static func * (a: Number, b: Number) -> Number {
        Number(re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re)
    }
    static func + (a: Number, b: Number) -> Number { Number(re: a.re + b.re, im: a.im + b.im) }
    static func - (a: Number, b: Number) -> Number { Number(re: a.re - b.re, im: a.im - b.im) }
    static func phase(_ angle: Double) -> Number {
        Number(re: Foundation.cos(angle), im: Foundation.sin(angle))
    }
    var magnitude: Double { hypot(re, im) }
}

/// A plain list of amplitudes, with U and CX alone, libm's functions, and a reader of lines that
/// knows only those two: nothing in common with what it checks.
struct Reference {
    var amplitudes: [Number]

    init(qubits: Int) {
        amplitudes = [Number](repeating: Number(re: 0), count: 1 << qubits)
        amplitudes[0] = Number(re: 1)
    }

    mutating func u(_ theta: Double, _ phi: Double, _ lambda: Double, _ qubit: Int) {
        let c = Number(re: Foundation.cos(theta / 2))
        let s = Number(re: Foundation.sin(theta / 2))
        for low in amplitudes.indices where low >> qubit & 1 == 0 {
            let high = low | 1 << qubit
            let (x, y) = (amplitudes[low], amplitudes[high])
            amplitudes[low] = c * x - Number.phase(lambda) * s * y
            amplitudes[high] = Number.phase(phi) * s * x + Number.phase(phi + lambda) * c * y
        }
    }

    mutating func cx(_ control: Int, _ target: Int) {
        for low in amplitudes.indices where low >> control & 1 == 1 && low >> target & 1 == 0 {
            amplitudes.swapAt(low, low | 1 << target)
        }
    }

    /// Of a golden file that holds `u3(a*pi/1000,…) q[i];` and `cx q[i],q[j];`.
    mutating func apply(_ text: String) {
        for line in text.split(separator: "\n") {
            let numbers = line.split { !$0.isNumber }.compactMap { Int($0) }
            if line.hasPrefix("u3(") {
                // 3, a, 1000, b, 1000, c, 1000, qubit
                let angle = { (index: Int) in Double(numbers[index]) * Double.pi / 1000 }
                u(angle(1), angle(3), angle(5), numbers[7])
            } else if line.hasPrefix("cx") {
                cx(numbers[0], numbers[1])
            }
        }
    }
}

extension StateVector {
    /// Largest |difference| of an amplitude.
    func distance(to exact: (Int) -> Number) -> Double {
        var worst = 0.0
        for index in 0..<1 << qubits {
            let (re, im) = amplitude(index)
            worst = max(worst, (Number(re: re, im: im) - exact(index)).magnitude)
        }
        return worst
    }
}

func state(_ program: Program, _ depth: BitDepth) throws -> StateVector {
    let state = try #require(StateVector(qubits: program.qubits, depth: depth))
    Simulator.runGates(program, on: state)
    return state
}

/// The program without an include, in the tests' own words.
func bare(_ body: String) throws -> Program { try Program(qasm: "OPENQASM 2.0;\n" + body) }
func standard(_ body: String) throws -> Program {
    try Program(qasm: "OPENQASM 2.0;\ninclude \"qelib1.inc\";\n" + body)
}

extension Reference {
    static func cosine(_ angle: Double) -> Double { Foundation.cos(angle) }
}
