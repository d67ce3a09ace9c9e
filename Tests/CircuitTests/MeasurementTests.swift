// Measurement statistics, and what is measured on the way.

import Circuit
import Foundation
import Testing

@Suite struct MeasurementTests {
    private func outcomes(
        _ program: Program, _ depth: BitDepth = .bits64, shots: Int, seed: UInt64
    ) throws -> [UInt64: Int] {
        let state = try #require(StateVector(qubits: program.qubits, depth: depth))
        var random = ShotRandom(seed: seed)
        var counts: [UInt64: Int] = [:]
        for outcome in Simulator.sample(program, on: state, shots: shots, random: &random) {
            counts[outcome.bits] = outcome.count
        }
        return counts
    }

    @Test func frequenciesAreTheProbabilities() throws {
        let program = try standard("qreg q[1]; creg c[1]; ry(1.1) q[0]; measure q -> c;")
        let ones = try outcomes(program, shots: 40_000, seed: 5)[1] ?? 0
        let expected = pow(sin(0.55), 2)
        // Five standard deviations.
        #expect(
            abs(Double(ones) / 40_000 - expected) < 5 * (expected * (1 - expected) / 40_000).squareRoot())
    }

    @Test func aSeedGivesTheSameShotsAndAnotherDoesNot() throws {
        let program = try Golden.program("random-8")
        let first = try outcomes(program, shots: 500, seed: 1)
        #expect(try outcomes(program, shots: 500, seed: 1) == first)
        #expect(try outcomes(program, shots: 500, seed: 2) != first)
        #expect(first.values.reduce(0, +) == 500)
    }

    /// Drawn at the end, or measured shot by shot: the same distribution (a reset makes it so).
    @Test func bothWaysOfMeasuringAgree() throws {
        let head = "qreg q[3]; creg c[2]; ry(0.9) q[0]; cx q[0],q[1]; h q[0];"
        let end = try standard(head + "measure q[0] -> c[0]; measure q[1] -> c[1];")
        let way = try standard(head + "measure q[0] -> c[0]; reset q[2]; measure q[1] -> c[1];")
        #expect(end.measuresAtTheEnd && !way.measuresAtTheEnd)
        let a = try outcomes(end, shots: 4000, seed: 7)
        let b = try outcomes(way, shots: 4000, seed: 8)
        for bits in UInt64(0)..<4 {
            #expect(abs(Double(a[bits] ?? 0) - Double(b[bits] ?? 0)) < 5 * 4000.0.squareRoot() * 0.7)
        }
    }

    @Test(arguments: BitDepth.allCases)
    func teleportationArrives(_ depth: BitDepth) throws {
        let program = try Golden.program("teleport-3")
        let counts = try outcomes(program, depth, shots: 4000, seed: 11)
        let ones = counts.filter { $0.key & 4 != 0 }.values.reduce(0, +)
        let expected = pow(sin(0.35), 2)
        #expect(
            abs(Double(ones) / 4000 - expected) < 5 * (expected * (1 - expected) / 4000).squareRoot()
                + (depth == .bits8 ? 0.005 : 0))
        // Without the corrections it doesn't.
        let plain = try Golden.text("teleport-3").replacingOccurrences(of: "if(c1==1) x q[2];", with: "")
        let lost = try outcomes(Program(qasm: plain), depth, shots: 4000, seed: 11)
        #expect(lost.filter { $0.key & 4 != 0 }.values.reduce(0, +) > ones * 2)
    }

    @Test func aMeasuredQubitStaysAsItWasSeen() throws {
        let program = try standard(
            "qreg q[5]; creg c[5]; creg d[5]; h q; measure q -> c; measure q -> d;")
        for (bits, _) in try outcomes(program, shots: 200, seed: 3) {
            #expect(bits & 31 == bits >> 5)
        }
    }

    @Test func resetClearsAndIfReadsTheWholeRegister() throws {
        let program = try standard(
            """
            qreg q[2]; creg c[2]; creg d[1];
            h q; measure q -> c; if(c==2) x q[0]; reset q[1];
            measure q[0] -> d[0]; reset q; measure q[1] -> c[1];
            """)
        let counts = try outcomes(program, shots: 400, seed: 4)
        // c[0] and d[0]: equal unless c was 2 (then c[0] = 0, d = 1); c[1] is cleared at the end.
        #expect(Set(counts.keys) == [0b000, 0b101, 0b100])
        #expect(counts[0b000] ?? 0 > 60 && counts[0b100] ?? 0 > 60)
    }

    /// `if` on a register that its own statement writes counts once, before.
    @Test func aConditionCountsAsItWasWhenTheStatementBegan() throws {
        let program = try standard(
            "qreg q[2]; creg c[2]; x q; if(c==0) measure q -> c;")
        #expect(try outcomes(program, shots: 10, seed: 1) == [3: 10])
        let large = try standard("qreg q[1]; creg c[64]; if(c==1) x q; measure q[0] -> c[63];")
        #expect(try outcomes(large, shots: 3, seed: 1) == [0: 3])
    }

    @Test(arguments: BitDepth.allCases)
    func theNormIsOneAfterAMeasurement(_ depth: BitDepth) throws {
        let program = try standard("qreg q[6]; creg c[1]; h q; t q; h q; measure q[5] -> c[0];")
        let state = try #require(StateVector(qubits: 6, depth: depth))
        var random = ShotRandom(seed: 9)
        Simulator.run(program, on: state, random: &random)
        let bounds: [BitDepth: Double] = [
            .bits81: 1e-15, .bits64: 1e-15, .bits16: 1e-4, .bits8: 0.03,
        ]
        let bound = try #require(bounds[depth])
        #expect(abs(state.weight() - 1) <= bound)
    }
}
