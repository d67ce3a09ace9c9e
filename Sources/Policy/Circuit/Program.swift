// A parsed program: its registers, and its gates expanded to operations that a simulator applies.

/// A quantum or classical register.
public struct Register: Sendable {
    public var name: String
    /// Of its first bit, among all of its kind.
    public var first: Int
    public var size: Int
    public var isQuantum: Bool
    let bytes: [UInt8]

    init(_ name: ArraySlice<UInt8>, first: Int, size: Int, isQuantum: Bool) {
        self.name = String(decoding: name, as: UTF8.self)
        self.first = first
        self.size = size
        self.isQuantum = isQuantum
        bytes = Array(name)
    }
}

public struct Program: Sendable {
    public internal(set) var registers: [Register] = []
    public internal(set) var qubits = 0
    public internal(set) var classicalBits = 0
    public internal(set) var operations: [Operation] = []
    var conditions: [Condition] = []
    /// Operations that are gates.
    public internal(set) var gates = 0
    /// Longest chain of operations that share qubits, after expansion.
    public internal(set) var depth = 0
    private var levels: [Int] = []

    /// Heap bytes that the program itself takes, at most: an array that grew is up to half empty.
    public var byteCount: Int {
        2 * operations.count * MemoryLayout<Operation>.stride
            + 2 * conditions.count * MemoryLayout<Condition>.stride
            + registers.count * 256
    }

    /// The classical bits as text, the last register first and each with its highest bit first, as
    /// Qiskit prints them.
    public func text(of bits: UInt64) -> String {
        var text: [UInt8] = []
        for register in registers.reversed() where !register.isQuantum {
            if !text.isEmpty { text.append(0x20) }
            for bit in stride(from: register.size - 1, through: 0, by: -1) {
                text.append(bits >> UInt64(register.first + bit) & 1 == 1 ? 0x31 : 0x30)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Every measurement is the last thing that happens to its qubit, and nothing depends on one:
    /// then one run of the gates gives the distribution of all outcomes.
    public var measuresAtTheEnd: Bool {
        guard conditions.isEmpty else { return false }
        var measured: UInt32 = 0
        for operation in operations {
            switch operation.action {
            case .reset: return false
            case .gate: if operation.qubits & measured != 0 { return false }
            case .measure: measured |= operation.qubits
            }
        }
        return true
    }

    public var measurements: Int {
        var count = 0
        for operation in operations {
            if case .measure = operation.action { count += 1 }
        }
        return count
    }

    mutating func append(_ operation: Operation) {
        operations.append(operation)
        if case .gate = operation.action { gates += 1 }
        while levels.count < qubits { levels.append(0) }
        var level = 0
        for qubit in 0..<qubits where operation.qubits >> UInt32(qubit) & 1 == 1 {
            level = max(level, levels[qubit])
        }
        for qubit in 0..<qubits where operation.qubits >> UInt32(qubit) & 1 == 1 {
            levels[qubit] = level + 1
        }
        depth = max(depth, level + 1)
    }
}

extension Program {
    /// Parses OpenQASM 2. Never traps; what it takes in time and memory is bounded by `QasmLimits`.
    public init(qasm source: [UInt8]) throws(QasmError) {
        guard source.count <= QasmLimits.sourceBytes else {
            throw Position().error("a text longer than \(QasmLimits.sourceBytes) bytes")
        }
        var parser = try Parser(source)
        try parser.parseProgram()
        self = parser.program
    }

    public init(qasm source: String) throws(QasmError) { try self.init(qasm: Array(source.utf8)) }
}
