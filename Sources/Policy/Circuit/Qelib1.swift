// The gates of qelib1.inc, built in: nothing is read from a disk.
//
// What is one matrix under controls is native (and so quantised once, not fifteen times as by the
// Toffoli's definition); the rest is parsed from the text below, as qelib1 defines it. Where the
// versions of qelib1 differ by a global phase (rz, sx) no program can tell; cu3 is the controlled U
// of its matrix, as the current one has it. (Cross et al., arXiv:1707.03429, and Qiskit's file.)

struct NativeGate: Sendable {
    var name: StaticString
    var kind: GateKind
    var controls = 0
    /// Angles that are taken and not used: u0(cycles) waits.
    var ignored = 0
}

enum Qelib1 {
    /// Known without an include.
    static let builtIn: [NativeGate] = [
        NativeGate(name: "U", kind: .u),
        NativeGate(name: "CX", kind: .x, controls: 1),
    ]

    static let native: [NativeGate] = [
        NativeGate(name: "u3", kind: .u), NativeGate(name: "u", kind: .u),
        NativeGate(name: "u1", kind: .phase), NativeGate(name: "p", kind: .phase),
        NativeGate(name: "u0", kind: .id, ignored: 1), NativeGate(name: "id", kind: .id),
        NativeGate(name: "x", kind: .x), NativeGate(name: "y", kind: .y),
        NativeGate(name: "z", kind: .z), NativeGate(name: "h", kind: .h),
        NativeGate(name: "s", kind: .s), NativeGate(name: "sdg", kind: .sdg),
        NativeGate(name: "t", kind: .t), NativeGate(name: "tdg", kind: .tdg),
        NativeGate(name: "sx", kind: .sx), NativeGate(name: "sxdg", kind: .sxdg),
        NativeGate(name: "rx", kind: .rx), NativeGate(name: "ry", kind: .ry),
        NativeGate(name: "rz", kind: .rz),
        NativeGate(name: "cx", kind: .x, controls: 1),
        NativeGate(name: "cy", kind: .y, controls: 1),
        NativeGate(name: "cz", kind: .z, controls: 1),
        NativeGate(name: "ch", kind: .h, controls: 1),
        NativeGate(name: "csx", kind: .sx, controls: 1),
        NativeGate(name: "crx", kind: .rx, controls: 1),
        NativeGate(name: "cry", kind: .ry, controls: 1),
        NativeGate(name: "crz", kind: .rz, controls: 1),
        NativeGate(name: "cu1", kind: .phase, controls: 1),
        NativeGate(name: "cp", kind: .phase, controls: 1),
        NativeGate(name: "cu3", kind: .u, controls: 1),
        NativeGate(name: "ccx", kind: .x, controls: 2),
        NativeGate(name: "c3x", kind: .x, controls: 3),
        NativeGate(name: "c4x", kind: .x, controls: 4),
        NativeGate(name: "c3sqrtx", kind: .sx, controls: 3),
    ]

    static let text = """
        gate u2(phi,lambda) q { U(pi/2,phi,lambda) q; }
        gate swap a,b { CX a,b; CX b,a; CX a,b; }
        gate cswap a,b,c { CX c,b; ccx a,b,c; CX c,b; }
        gate rzz(theta) a,b { CX a,b; u1(theta) b; CX a,b; }
        gate rxx(theta) a,b { h a; h b; CX a,b; rz(theta) b; CX a,b; h a; h b; }
        gate cu(theta,phi,lambda,gamma) c,t { u1(gamma) c; cu3(theta,phi,lambda) c,t; }
        gate rccx a,b,c {
          u2(0,pi) c; u1(pi/4) c; CX b,c; u1(-pi/4) c; CX a,c; u1(pi/4) c; CX b,c; u1(-pi/4) c;
          u2(0,pi) c; }
        gate rc3x a,b,c,d {
          u2(0,pi) d; u1(pi/4) d; CX c,d; u1(-pi/4) d; u2(0,pi) d; CX a,d; u1(pi/4) d; CX b,d;
          u1(-pi/4) d; CX a,d; u1(pi/4) d; CX b,d; u1(-pi/4) d; u2(0,pi) d; u1(pi/4) d; CX c,d;
          u1(-pi/4) d; u2(0,pi) d; }
        """
}
