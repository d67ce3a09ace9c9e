// What can be wrong with an OpenQASM 2 text, and the limits that no text exceeds.

/// Where and what, for a person: `7:12: unknown gate "foo"`.
public struct QasmError: Error, Equatable, Sendable {
    /// Both from 1; the column counts bytes.
    public var line: Int
    public var column: Int
    public var text: String

    public var description: String { "\(line):\(column): \(text)" }
}

/// Each is far above what a simulation on a device can finish, and keeps a hostile text from
/// taking memory or time out of proportion to its length.
public enum QasmLimits {
    /// QASMBench's largest circuits that fit 30 qubits are about 200 KB.
    public static let sourceBytes = 1 << 20
    public static let qubits = StateVector.qubitsMax
    /// One word holds an outcome.
    public static let classicalBits = 64
    public static let registers = 64
    public static let gates = 512
    public static let gateParameters = 16
    public static let gateQubits = 32
    /// Steps in one gate's body.
    public static let bodySteps = 4096
    /// Gates that call gates: deeper than any library.
    public static let callDepth = 64
    /// Calls of gates in one program, those that come to nothing included.
    public static let calls = 1_000_000
    /// After expansion; 40 bytes each.
    public static let operations = 100_000
    public static let conditions = 4096
    public static let expressionItems = 256
    public static let expressionDepth = 32
    /// Radians. Beyond, a Double's angle has lost digits, and so has its sine.
    public static let angle = 65536.0
    static let nameBytes = 64
}

struct Position: Equatable, Sendable {
    var line = 1
    var column = 1

    func error(_ text: String) -> QasmError {
        QasmError(line: line, column: column, text: text)
    }
}
