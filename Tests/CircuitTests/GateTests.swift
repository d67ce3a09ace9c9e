// Every gate of qelib1 against the definition that qelib1.inc gives it in U and CX, up to the
// global phase that no measurement can tell.

import Circuit
import Testing

@Suite struct GateTests {
    /// Definitions of the public qelib1.inc, with names that begin with an underscore.
    static let definitions = """
        gate _u3(t,p,l) q { U(t,p,l) q; }
        gate _u2(p,l) q { U(pi/2,p,l) q; }
        gate _u1(l) q { U(0,0,l) q; }
        gate _u0(g) q { U(0,0,0) q; }
        gate _u(t,p,l) q { U(t,p,l) q; }
        gate _p(l) q { U(0,0,l) q; }
        gate _id a { U(0,0,0) a; }
        gate _x a { _u3(pi,0,pi) a; }
        gate _y a { _u3(pi,pi/2,pi/2) a; }
        gate _z a { _u1(pi) a; }
        gate _h a { _u2(0,pi) a; }
        gate _s a { _u1(pi/2) a; }
        gate _sdg a { _u1(-pi/2) a; }
        gate _t a { _u1(pi/4) a; }
        gate _tdg a { _u1(-pi/4) a; }
        gate _rx(t) a { _u3(t,-pi/2,pi/2) a; }
        gate _ry(t) a { _u3(t,0,0) a; }
        gate _rz(p) a { _u1(p) a; }
        gate _sx a { _sdg a; _h a; _sdg a; }
        gate _sxdg a { _s a; _h a; _s a; }
        gate _cx c,t { CX c,t; }
        gate _cz a,b { _h b; _cx a,b; _h b; }
        gate _cy a,b { _sdg b; _cx a,b; _s b; }
        gate _swap a,b { _cx a,b; _cx b,a; _cx a,b; }
        gate _ch a,b { _h b; _sdg b; _cx a,b; _h b; _t b; _cx a,b; _t b; _h b; _s b; _x b; _s a; }
        gate _ccx a,b,c {
          _h c; _cx b,c; _tdg c; _cx a,c; _t c; _cx b,c; _tdg c; _cx a,c; _t b; _t c; _h c;
          _cx a,b; _t a; _tdg b; _cx a,b; }
        gate _cswap a,b,c { _cx c,b; _ccx a,b,c; _cx c,b; }
        gate _crx(l) a,b { _u1(pi/2) b; _cx a,b; _u3(-l/2,0,0) b; _cx a,b; _u3(l/2,-pi/2,0) b; }
        gate _cry(l) a,b { _ry(l/2) b; _cx a,b; _ry(-l/2) b; _cx a,b; }
        gate _crz(l) a,b { _rz(l/2) b; _cx a,b; _rz(-l/2) b; _cx a,b; }
        gate _cu1(l) a,b { _u1(l/2) a; _cx a,b; _u1(-l/2) b; _cx a,b; _u1(l/2) b; }
        gate _cp(l) a,b { _p(l/2) a; _cx a,b; _p(-l/2) b; _cx a,b; _p(l/2) b; }
        gate _cu3(t,p,l) c,q {
          _u1((l+p)/2) c; _u1((l-p)/2) q; _cx c,q; _u3(-t/2,0,-(p+l)/2) q; _cx c,q; _u3(t/2,p,0) q; }
        gate _csx a,b { _h b; _cu1(pi/2) a,b; _h b; }
        gate _cu(t,p,l,g) c,q {
          _p(g) c; _p((l+p)/2) c; _p((l-p)/2) q; _cx c,q; _u(-t/2,0,-(p+l)/2) q; _cx c,q;
          _u(t/2,p,0) q; }
        gate _rxx(t) a,b {
          _u3(pi/2,t,0) a; _h b; _cx a,b; _u1(-t) b; _cx a,b; _h b; _u2(-pi,pi-t) a; }
        gate _rzz(t) a,b { _cx a,b; _u1(t) b; _cx a,b; }
        gate _rccx a,b,c {
          _u2(0,pi) c; _u1(pi/4) c; _cx b,c; _u1(-pi/4) c; _cx a,c; _u1(pi/4) c; _cx b,c;
          _u1(-pi/4) c; _u2(0,pi) c; }
        gate _rc3x a,b,c,d {
          _u2(0,pi) d; _u1(pi/4) d; _cx c,d; _u1(-pi/4) d; _u2(0,pi) d; _cx a,d; _u1(pi/4) d;
          _cx b,d; _u1(-pi/4) d; _cx a,d; _u1(pi/4) d; _cx b,d; _u1(-pi/4) d; _u2(0,pi) d;
          _u1(pi/4) d; _cx c,d; _u1(-pi/4) d; _u2(0,pi) d; }
        gate _c3x a,b,c,d {
          _h d; _p(pi/8) a; _p(pi/8) b; _p(pi/8) c; _p(pi/8) d; _cx a,b; _p(-pi/8) b; _cx a,b;
          _cx b,c; _p(-pi/8) c; _cx a,c; _p(pi/8) c; _cx b,c; _p(-pi/8) c; _cx a,c; _cx c,d;
          _p(-pi/8) d; _cx b,d; _p(pi/8) d; _cx c,d; _p(-pi/8) d; _cx a,d; _p(pi/8) d; _cx c,d;
          _p(-pi/8) d; _cx b,d; _p(pi/8) d; _cx c,d; _p(-pi/8) d; _cx a,d; _h d; }
        gate _c3sqrtx a,b,c,d {
          _h d; _cu1(pi/8) a,d; _h d; _cx a,b; _h d; _cu1(-pi/8) b,d; _h d; _cx a,b; _h d;
          _cu1(pi/8) b,d; _h d; _cx b,c; _h d; _cu1(-pi/8) c,d; _h d; _cx a,c; _h d;
          _cu1(pi/8) c,d; _h d; _cx b,c; _h d; _cu1(-pi/8) c,d; _h d; _cx a,c; _h d;
          _cu1(pi/8) c,d; _h d; }
        gate _c4x a,b,c,d,e {
          _h e; _cu1(pi/2) d,e; _h e; _c3x a,b,c,d; _h e; _cu1(-pi/2) d,e; _h e; _c3x a,b,c,d;
          _c3sqrtx a,b,c,e; }
        """

    static let gates: [(name: String, angles: Int, qubits: Int)] = [
        ("u3", 3, 1), ("u2", 2, 1), ("u1", 1, 1), ("u0", 1, 1), ("u", 3, 1), ("p", 1, 1),
        ("id", 0, 1), ("x", 0, 1), ("y", 0, 1), ("z", 0, 1), ("h", 0, 1), ("s", 0, 1),
        ("sdg", 0, 1), ("t", 0, 1), ("tdg", 0, 1), ("rx", 1, 1), ("ry", 1, 1), ("rz", 1, 1),
        ("sx", 0, 1), ("sxdg", 0, 1), ("cx", 0, 2), ("cz", 0, 2), ("cy", 0, 2), ("swap", 0, 2),
        ("ch", 0, 2), ("ccx", 0, 3), ("cswap", 0, 3), ("crx", 1, 2), ("cry", 1, 2), ("crz", 1, 2),
        ("cu1", 1, 2), ("cp", 1, 2), ("cu3", 3, 2), ("csx", 0, 2), ("cu", 4, 2), ("rxx", 1, 2),
        ("rzz", 1, 2), ("rccx", 0, 3), ("rc3x", 0, 4), ("c3x", 0, 4), ("c3sqrtx", 0, 4),
        ("c4x", 0, 5),
    ]

    /// Low and high qubits: within a tile, across tiles and between both.
    @Test(arguments: [[0, 1, 2, 3, 4], [5, 4, 3, 2, 1], [2, 5, 0, 4, 1]])
    func everyGateIsWhatQelib1Says(_ places: [Int]) throws {
        // A state in which every amplitude differs.
        var start = "qreg q[6];\n"
        for qubit in 0..<6 {
            start += "U(0.\(3 + qubit),0.\(2 * qubit + 1),0.7) q[\(qubit)];\n"
            if qubit > 0 { start += "CX q[\(qubit - 1)],q[\(qubit)];\n" }
            start += "U(1.\(qubit),0.4,0.\(qubit)) q[\(qubit)];\n"
        }
        for gate in Self.gates {
            let angles = ["0.37", "-1.21", "2.6", "0.93"].prefix(gate.angles)
            let call =
                gate.name + (angles.isEmpty ? "" : "(\(angles.joined(separator: ",")))") + " "
                + places.prefix(gate.qubits).map { "q[\($0)]" }.joined(separator: ",") + ";\n"
            let built = try state(standard(start + call), .bits81)
            let defined = try state(bare(Self.definitions + start + "_" + call), .bits81)
            let infidelity = try #require(built.infidelity(with: defined))
            #expect(infidelity < 1e-27, "\(gate.name) \(infidelity)")
        }
    }

    @Test func theGoldenProgramUsesEveryGate() throws {
        let text = try Golden.text("qelib1-5")
        for gate in Self.gates {
            #expect(
                text.contains("\n\(gate.name) ") || text.contains(" \(gate.name) ")
                    || text.contains("\(gate.name)("), "\(gate.name)")
        }
        _ = try Golden.program("qelib1-5")
    }
}
