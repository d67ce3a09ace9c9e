// Fidelity of few bits, quantising after every gate. The circuits of 16 qubits run in the
// integration tests, with optimised code.

import Circuit
import Testing

@Suite struct FidelityTests {
    /// Qubits and depth are the circuits' own; the last column is the honest figure at 8 bits.
    @Test(arguments: [
        ("qft-10", 0.9998), ("grover-5", 0.995), ("adder-10", 0.99999), ("random-8", 0.99),
        ("random-12", 0.93), ("ising-12", 0.97), ("qelib1-5", 0.995),
    ])
    func sixteenAndEightBits(_ name: String, _ least8: Double) throws {
        let program = try Golden.program(name)
        let exact = try state(program, .bits64)
        let at16 = 1 - (try #require(try state(program, .bits16).infidelity(with: exact)))
        let at8 = 1 - (try #require(try state(program, .bits8).infidelity(with: exact)))
        #expect(at16 >= 0.999)
        #expect(at8 >= least8 && at8 <= at16)
    }

    /// What the figures above don't show: a hundred turns too small for 8 bits leave no trace there.
    @Test func smallTurnsAreLostAt8Bits() throws {
        let program = try standard("qreg q[1];\n" + String(repeating: "ry(0.006) q[0];\n", count: 100))
        let exact = try state(program, .bits64)
        let lost = try state(program, .bits8)
        #expect(lost.amplitude(1).re == 0)
        #expect(try #require(lost.infidelity(with: exact)) > 0.08)
        #expect(try #require(try state(program, .bits16).infidelity(with: exact)) < 1e-5)
    }

    @Test func anotherStateIsLessFaithful() throws {
        let zero = try state(standard("qreg q[2];"), .bits64)
        for angle in [0.0, 0.4, 1.2, 3.141592653589793] {
            let turned = try state(standard("qreg q[2]; ry(\(angle)) q[1];"), .bits64)
            let fidelity = 1 - (try #require(turned.infidelity(with: zero)))
            #expect(abs(fidelity - (1 + Reference.cosine(angle)) / 2) < 1e-15)
        }
        #expect(try state(standard("qreg q[3];"), .bits64).infidelity(with: zero) == nil)
    }
}
