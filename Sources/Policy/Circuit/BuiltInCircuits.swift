// The self-test's own programs, as OpenQASM 2 text: small enough for a second on a Zero 2W, and of
// five kinds, since rounding hurts each differently. Larger ones of the same kinds are the golden
// circuits of the tests.

enum BuiltInCircuits {
    static var all: [(name: String, text: String)] {
        [
            ("ghz-8", ghz(8)), ("qft-8", qft(8, of: 0b1011_0010)), ("grover-4", grover),
            ("adder-4", adder), ("random-8", random(8, layers: 12)),
        ]
    }

    private static func head(_ qubits: Int) -> String {
        "OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[\(qubits)];\ncreg c[\(qubits)];\n"
    }

    private static let tail = "measure q -> c;\n"

    static func ghz(_ qubits: Int) -> String {
        var text = head(qubits) + "h q[0];\n"
        for qubit in 1..<max(1, qubits) { text += "cx q[\(qubit - 1)],q[\(qubit)];\n" }
        return text + tail
    }

    static func qft(_ qubits: Int, of value: Int) -> String {
        var text = head(qubits)
        for qubit in 0..<qubits where value >> qubit & 1 == 1 { text += "x q[\(qubit)];\n" }
        for qubit in stride(from: qubits - 1, through: 0, by: -1) {
            text += "h q[\(qubit)];\n"
            for lower in stride(from: qubit - 1, through: 0, by: -1) {
                text += "cu1(pi/2^\(qubit - lower)) q[\(lower)],q[\(qubit)];\n"
            }
        }
        for qubit in 0..<qubits / 2 { text += "swap q[\(qubit)],q[\(qubits - 1 - qubit)];\n" }
        return text + tail
    }

    /// Four qubits searched for 1011 in three rounds: probability 0.9613; two more qubits make the
    /// four-fold AND of Toffolis, as programs without c3x do.
    private static let grover = """
        OPENQASM 2.0;
        include "qelib1.inc";
        gate and4 a,b,c,d,s,t { ccx a,b,s; ccx c,s,t; cz t,d; ccx c,s,t; ccx a,b,s; }
        gate oracle a,b,c,d,s,t { x c; and4 a,b,c,d,s,t; x c; }
        gate diffuse a,b,c,d,s,t {
          h a; h b; h c; h d; x a; x b; x c; x d; and4 a,b,c,d,s,t;
          x a; x b; x c; x d; h a; h b; h c; h d; }
        qreg q[4]; qreg work[2]; creg c[4];
        h q;
        gate turn a,b,c,d,s,t { oracle a,b,c,d,s,t; diffuse a,b,c,d,s,t; }
        turn q[0],q[1],q[2],q[3],work[0],work[1];
        turn q[0],q[1],q[2],q[3],work[0],work[1];
        turn q[0],q[1],q[2],q[3],work[0],work[1];
        measure q -> c;

        """

    /// Cuccaro's ripple-carry adder (arXiv:quant-ph/0410184): 11 + 6 = 17.
    private static let adder = """
        OPENQASM 2.0;
        include "qelib1.inc";
        gate majority a,b,c { cx c,b; cx c,a; ccx a,b,c; }
        gate unmaj a,b,c { ccx a,b,c; cx c,a; cx a,b; }
        qreg cin[1]; qreg a[4]; qreg b[4]; qreg cout[1]; creg sum[5];
        x a[0]; x a[1]; x a[3]; x b[1]; x b[2];
        majority cin[0],b[0],a[0]; majority a[0],b[1],a[1];
        majority a[1],b[2],a[2]; majority a[2],b[3],a[3];
        cx a[3],cout[0];
        unmaj a[2],b[3],a[3]; unmaj a[1],b[2],a[2];
        unmaj a[0],b[1],a[1]; unmaj cin[0],b[0],a[0];
        measure b[0] -> sum[0]; measure b[1] -> sum[1]; measure b[2] -> sum[2];
        measure b[3] -> sum[3]; measure cout[0] -> sum[4];

        """

    /// Layers of a random U on every qubit and CX between neighbours; two levels of depth a layer.
    static func random(_ qubits: Int, layers: Int, seed: UInt64 = 81) -> String {
        var random = ShotRandom(seed: seed)
        var text = head(qubits)
        for layer in 0..<layers {
            for qubit in 0..<qubits {
                // Thousandths of π: the text says the angle exactly.
                let a = random.next() % 2000
                let b = random.next() % 2000
                let c = random.next() % 2000
                text += "u3(\(a)*pi/1000,\(b)*pi/1000,\(c)*pi/1000) q[\(qubit)];\n"
            }
            for qubit in stride(from: layer % 2, to: qubits - 1, by: 2) {
                text += "cx q[\(qubit)],q[\(qubit + 1)];\n"
            }
        }
        return text + tail
    }
}
