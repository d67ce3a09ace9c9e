// The golden circuits against exact results: 1e-12 at 81 and 64 bits.

import Circuit
import Foundation
import Testing

@Suite struct ExactTests {
    @Test(arguments: [BitDepth.bits81, .bits64])
    func ghz(_ depth: BitDepth) throws {
        let state = try state(Golden.program("ghz-16"), depth)
        let worst = state.distance { index in
            Number(re: index == 0 || index == 65535 ? 0.5.squareRoot() : 0)
        }
        #expect(worst < 1e-12)
    }

    @Test(arguments: [BitDepth.bits81, .bits64])
    func fourier(_ depth: BitDepth) throws {
        let state = try state(Golden.program("qft-10"), depth)
        let worst = state.distance { index in
            let turn = Number.phase(2 * .pi * Double(693 * index % 1024) / 1024)
            return Number(re: turn.re / 32, im: turn.im / 32)
        }
        #expect(worst < 1e-12)
    }

    @Test(arguments: [BitDepth.bits81, .bits64])
    func grover(_ depth: BitDepth) throws {
        let state = try state(Golden.program("grover-5"), depth)
        let angle = asin(1 / 32.0.squareRoot())
        // Each diffusion as written is −(2|s⟩⟨s| − 1); four of them leave the sign.
        let worst = state.distance { index in
            Number(
                re: index == 0b01101 ? sin(9 * angle) : cos(9 * angle) / 31.0.squareRoot())
        }
        #expect(worst < 1e-12)
    }

    @Test(arguments: [BitDepth.bits81, .bits64, .bits16, .bits8])
    func adder(_ depth: BitDepth) throws {
        let program = try Golden.program("adder-10")
        let state = try state(program, depth)
        // cin 0, a 1011, b 0001, cout 1.
        let sum = 0b1011 << 1 | 0b0001 << 5 | 1 << 9
        #expect(state.distance { Number(re: $0 == sum ? 1 : 0) } < (depth == .bits16 || depth == .bits8 ? 1e-6 : 1e-12))
        var random = ShotRandom(seed: 3)
        let outcomes = Simulator.sample(program, on: state, shots: 100, random: &random)
        #expect(outcomes.count == 1)
        #expect(program.text(of: outcomes[0].bits) == "10001 1011")
    }

    @Test func everySumOfTheLargeAdder() throws {
        let program = try Golden.program("adder-16")
        let state = try state(program, .bits64)
        for a in 0..<128 {
            let sum = a + 45
            let index = a << 1 | (sum & 127) << 8 | (sum >> 7) << 15
            let (re, im) = state.amplitude(index)
            #expect(abs(re - 1 / 128.0.squareRoot()) < 1e-12 && abs(im) < 1e-12)
        }
    }

    @Test(arguments: ["random-8", "random-12"])
    func randomCircuits(_ name: String) throws {
        let program = try Golden.program(name)
        var reference = Reference(qubits: program.qubits)
        reference.apply(try Golden.text(name))
        let double = try state(program, .bits64)
        #expect(double.distance { reference.amplitudes[$0] } < 1e-12)
        guard name == "random-8" else { return }
        let deep = try state(program, .bits81)
        #expect(deep.distance { reference.amplitudes[$0] } < 1e-12)
        // 81 bits are more than 64: the norm is nearer to 1 than a Double can tell.
        #expect(abs(deep.weight() - 1) <= 2.3e-16)
        #expect(deep.storedBytes != double.storedBytes)
        #expect(try #require(double.infidelity(with: deep)) > 0)
    }

    /// What a circuit and its inverse leave is the rounding alone: less of it at 81 bits.
    @Test func moreBitsComeBackNearer() throws {
        var text = "qreg q[5];\n"
        var back = ""
        for turn in 1...40 {
            let gate = "u3(0.\(turn),0.3,0.\(turn)1) q[\(turn % 5)];\ncx q[\(turn % 5)],q[\((turn + 2) % 5)];\n"
            text += gate
            back =
                "cx q[\(turn % 5)],q[\((turn + 2) % 5)];\nu3(-0.\(turn),-0.\(turn)1,-0.3) q[\(turn % 5)];\n"
                + back
        }
        let program = try standard(text + back)
        var left: [Double] = []
        for depth in BitDepth.allCases {
            let state = try state(program, depth)
            let start = try #require(StateVector(qubits: 5, depth: .bits81))
            left.append(try #require(state.infidelity(with: start)))
        }
        #expect(left[0] < 1e-36 && left[0] < left[1])
        #expect(left[1] < 1e-29 && left[1] < left[2])
        #expect(left[2] < 1e-6 && left[2] < left[3])
        #expect(left[3] < 0.05)
    }
}
