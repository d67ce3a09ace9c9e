// OpenQASM 2: what is understood, where an error is said to be, and that no text traps.

import Circuit
import Foundation
import Testing

@Suite struct ParserTests {
    static let wrong: [(text: String, line: Int, column: Int, says: String)] = [
        ("", 1, 1, "OPENQASM 2.0"),
        ("OPENQASM 3.0;", 1, 10, "only version 2.0"),
        ("OPENQASM 2.0", 1, 13, "expected \";\""),
        ("OPENQASM 2.0;\n", 2, 1, "no qubit"),
        ("OPENQASM 2.0;\ninclude \"other.inc\";", 2, 9, "built in"),
        ("OPENQASM 2.0;\nqreg q[0];", 2, 8, "at least one"),
        ("OPENQASM 2.0;\nqreg q[31];", 2, 8, "31 qubits, the most is 30"),
        ("OPENQASM 2.0;\ncreg c[65];", 2, 8, "65 classical bits"),
        ("OPENQASM 2.0;\nqreg q[99999999999999999999];", 2, 8, "19 digits"),
        ("OPENQASM 2.0;\nqreg q[2];\nqreg q[2];", 3, 6, "defined already"),
        ("OPENQASM 2.0;\nqreg gate[2];", 2, 6, "reserved"),
        ("OPENQASM 2.0;\nqreg q[2];\nh q[0];", 3, 1, "include \"qelib1.inc\" defines it"),
        ("OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[2];\nfoo q[0];", 4, 1, "unknown gate \"foo\""),
        ("OPENQASM 2.0;\nqreg q[2];\nCX q[0],q[2];", 3, 11, "the index is 2, the most is 1"),
        ("OPENQASM 2.0;\nqreg q[2];\nCX q[0],q[0];", 3, 1, "same qubit twice"),
        ("OPENQASM 2.0;\nqreg q[2];\nCX q;", 3, 1, "takes 2 qubits, not 1"),
        ("OPENQASM 2.0;\nqreg q[2];\nqreg r[3];\nCX q,r;", 4, 1, "2 and 3 qubits"),
        ("OPENQASM 2.0;\nqreg q[2];\nU(1,2) q;", 3, 1, "takes 3 angles, not 2"),
        ("OPENQASM 2.0;\nqreg q[2];\nU(1,2,1/0) q;", 3, 1, "not a finite number"),
        ("OPENQASM 2.0;\nqreg q[2];\nU(1,2,ln(0)) q;", 3, 1, "not a finite number"),
        ("OPENQASM 2.0;\nqreg q[2];\nU(1,2,sqrt(-1)) q;", 3, 1, "not a finite number"),
        ("OPENQASM 2.0;\nqreg q[2];\nU(1e6,2,3) q;", 3, 1, "beyond"),
        ("OPENQASM 2.0;\nqreg q[2];\nU(theta,2,3) q;", 3, 3, "unknown name \"theta\""),
        ("OPENQASM 2.0;\nqreg q[2];\nU(1e,2,3) q;", 3, 3, "exponent"),
        ("OPENQASM 2.0;\nqreg q[2];\nopaque magic q;", 3, 1, "opaque"),
        ("OPENQASM 2.0;\nqreg q[2];\nmeasure q;", 3, 10, "expected \"->\""),
        ("OPENQASM 2.0;\nqreg q[2];\ncreg c[1];\nmeasure q -> c;", 4, 1, "2 qubits"),
        ("OPENQASM 2.0;\nqreg q[2];\nmeasure q -> q;", 3, 14, "quantum register"),
        ("OPENQASM 2.0;\nqreg q[2];\nif(q==1) U(0,0,0) q;", 3, 4, "no classical register"),
        ("OPENQASM 2.0;\ngate g a { g a; }", 2, 12, "unknown gate \"g\""),
        ("OPENQASM 2.0;\ngate g a,a { }", 2, 10, "\"a\" twice"),
        ("OPENQASM 2.0;\ngate g a { CX a,b; }", 2, 17, "no qubit of this gate"),
        ("OPENQASM 2.0;\ngate g a { U(0,0,0) a[0]; }", 2, 22, "expected \";\""),
        ("OPENQASM 2.0;\nqreg q[2]; @", 2, 12, "unexpected \"@\""),
        ("OPENQASM 2.0;\nqreg q[2]; \u{e9}", 2, 12, "unexpected byte 0xc3"),
        ("OPENQASM 2.0;\ninclude \"qelib1.inc", 2, 9, "isn't closed"),
        ("OPENQASM 2.0;\ngate x a {}\ninclude \"qelib1.inc\";", 3, 9, "defined already"),
    ]

    @Test func errorsNameTheirPlace() {
        for (text, line, column, says) in Self.wrong {
            do {
                _ = try Program(qasm: text)
                Issue.record("accepted: \(text)")
            } catch {
                #expect(error.line == line && error.column == column, "\(text): \(error.description)")
                #expect(error.text.contains(says), "\(text): \(error.description)")
            }
        }
    }

    static let angles: [(String, Double)] = {
        let root = 2.0.squareRoot()
        var pairs: [(String, Double)] = [("pi/2", Double.pi / 2), ("-pi/4+1", 1 - Double.pi / 4)]
        pairs += [("2^3^2/512", 1), ("-2^2+5", 1), ("2^-1", 0.5), ("--1", 1), (".25", 0.25)]
        pairs += [("sin(0.5)", sin(0.5)), ("cos(0.5)*2", 2 * cos(0.5)), ("tan(0.3)", tan(0.3))]
        pairs += [("exp(0.7)", exp(0.7)), ("ln(2)", 0.6931471805599453), ("sqrt(2)", root)]
        pairs += [("1.5e-1*(3-1)/2", 0.15), ("2^0.5", root), ("3e2/1000", 0.3), ("+1-(2-3)", 2)]
        pairs += [("0.1234567890123456789", 0.12345678901234568)]
        return pairs
    }()

    /// Angles as RZ on |+⟩ would show them: here as the phase of one amplitude.
    @Test(arguments: ParserTests.angles)
    func expressions(_ text: String, _ value: Double) throws {
        let program = try bare("qreg q[1]; U(pi/2,0,0) q[0]; U(0,0,\(text)) q[0];")
        let (re, im) = try state(program, .bits64).amplitude(1)
        #expect(abs(re - cos(value) * 0.5.squareRoot()) < 4e-16)
        #expect(abs(im - sin(value) * 0.5.squareRoot()) < 4e-16)
    }

    @Test func registersAreCalledElementByElement() throws {
        let program = try standard(
            "qreg a[3]; qreg b[3]; creg c[3]; x a; barrier a,b[1]; cx a,b; cx a[0],b; measure b -> c;")
        #expect(program.operations.count == 3 + 3 + 3 + 3)
        var random = ShotRandom(seed: 1)
        let outcomes = Simulator.sample(
            program, on: try state(program, .bits64), shots: 10, random: &random)
        #expect(outcomes == [Outcome(bits: 0, count: 10)])
    }

    @Test func hostileTextsStayWithinTheLimits() {
        let header = "OPENQASM 2.0;\n"
        // Doubling: 2^60 calls, each of which comes to nothing.
        var doubling = header + "qreg q[1];\ngate g0 a { }\n"
        for level in 1...60 { doubling += "gate g\(level) a { g\(level - 1) a; g\(level - 1) a; }\n" }
        let deep = String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000)
        let texts = [
            doubling + "g60 q;",
            header + "qreg q[1]; U(\(deep),0,0) q;",
            header + "qreg q[1]; U(" + String(repeating: "-", count: 100_000) + "1,0,0) q;x",
            header + "qreg q[1]; U(" + Array(repeating: "2", count: 10_000).joined(separator: "^") + ",0,0) q;",
            header + "qreg q[1]; U(" + Array(repeating: "1", count: 10_000).joined(separator: "+") + ",0,0) q;",
            header + "qreg q[30]; gate f a { U(0,0,0) a; }\n" + String(repeating: "f q;\n", count: 5000),
            header + String(repeating: "qreg q[1];", count: 2),
            header + "qreg " + String(repeating: "q", count: 1_000_000) + "[1];",
            String(repeating: " ", count: QasmLimits.sourceBytes + 1),
            header + (0..<600).map { "gate g\($0) a { }\n" }.joined(),
        ]
        for text in texts { #expect(throws: QasmError.self) { try Program(qasm: text) } }
    }

    /// Bytes changed, cut, doubled and moved at random: an error or a program, nothing else.
    @Test func mutatedTextsNeverTrap() throws {
        var random = ShotRandom(seed: 2026)
        let pieces = [
            "gate g a,b {", "}", "(", ")", "[", "]", "->", "==", "if(c==1)", "pi", "^", "1e999",
            "-", "measure", "reset", "barrier", "opaque", "qreg", "creg", "99999999999", ";", "\"", "//",
            "include \"qelib1.inc\";", "sin(", "0/0", "U(", "CX", "\0",
        ].map { Array($0.utf8) }
        var seeds: [[UInt8]] = []
        for name in ["qelib1-5", "teleport-3", "adder-10", "grover-5"] {
            seeds.append(Array(try Golden.text(name).utf8))
        }
        seeds.append(Array((GateTests.definitions).utf8))
        var parsed = 0
        var refused = 0
        for turn in 0..<3000 {
            var text = seeds[turn % seeds.count]
            if turn % seeds.count == 4 { text = Array("OPENQASM 2.0;qreg q[5];".utf8) + text }
            for _ in 0..<1 + Int(random.next() % 4) {
                let at = Int(random.next() % UInt64(max(1, text.count)))
                switch random.next() % 5 {
                case 0: text[at] = UInt8(truncatingIfNeeded: random.next())
                case 1: text.remove(at: at)
                case 2: text.insert(contentsOf: pieces[Int(random.next() % UInt64(pieces.count))], at: at)
                case 3: text.removeSubrange(at..<min(text.count, at + Int(random.next() % 40)))
                default:
                    let end = min(text.count, at + Int(random.next() % 40))
                    text.insert(contentsOf: Array(text[at..<end]), at: Int(random.next() % UInt64(text.count)))
                }
                if text.isEmpty { text = [0] }
            }
            do {
                let program = try Program(qasm: text)
                parsed += 1
                guard program.qubits <= 8, program.operations.count < 400 else { continue }
                let state = try #require(StateVector(qubits: program.qubits, depth: .bits64))
                var shots = ShotRandom(seed: UInt64(turn))
                _ = Simulator.run(program, on: state, random: &shots)
                #expect(abs(state.weight() - 1) < 1e-9)
            } catch let error as QasmError {
                refused += 1
                #expect(error.line >= 1 && error.column >= 1 && !error.text.isEmpty)
            }
        }
        // Both paths are walked.
        #expect(parsed > 100 && refused > 1000)
    }
}
