// The parser of OpenQASM 2: statements outside of gate bodies. Gates are in Parser+Gates.
//
// Grammar: A. Cross, L. Bishop, J. Smolin, J. Gambetta, "Open Quantum Assembly Language",
// arXiv:1707.03429. One token of look-ahead, no backtracking. Gates are expanded as they are
// called, so a program is a flat list when the parser is done.

import Bytes

struct Parser {
    private var lexer: Lexer
    private(set) var token = Token.end
    /// Where `token` begins.
    private(set) var position = Position()

    var program = Program()
    var gates: [GateDefinition] = []
    /// Of the gate being defined.
    var parameterNames: [ArraySlice<UInt8>] = []
    var calls = 0
    private var hasLibrary = false

    init(_ source: [UInt8]) throws(QasmError) {
        lexer = Lexer(source)
        for native in Qelib1.builtIn { gates.append(GateDefinition(native)) }
        try advance()
    }

    // MARK: tokens

    mutating func advance() throws(QasmError) { (token, position) = try lexer.next() }

    mutating func accept(_ symbol: Unicode.Scalar) throws(QasmError) -> Bool {
        guard token.isSymbol(symbol) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ symbol: Unicode.Scalar) throws(QasmError) {
        guard try accept(symbol) else {
            let wanted = Token.symbol(UInt8(truncatingIfNeeded: symbol.value))
            throw position.error("expected \(wanted.text), found \(token.text)")
        }
    }

    mutating func name(_ what: StaticString) throws(QasmError) -> ArraySlice<UInt8> {
        guard case .name(let name) = token else {
            throw position.error("expected \(what), found \(token.text)")
        }
        try advance()
        return name
    }

    mutating func integer(_ what: StaticString, upTo limit: UInt64) throws(QasmError) -> UInt64 {
        guard case .integer(let value) = token else {
            throw position.error("expected \(what), found \(token.text)")
        }
        guard value <= limit else { throw position.error("\(what) is \(value), the most is \(limit)") }
        try advance()
        return value
    }

    // MARK: statements

    mutating func parseProgram() throws(QasmError) {
        guard case .name(let name) = token, Text.equal(name, "OPENQASM") else {
            throw position.error("expected \"OPENQASM 2.0;\", found \(token.text)")
        }
        try advance()
        switch token {
        case .real(2), .integer(2): try advance()
        default: throw position.error("only version 2.0 is understood")
        }
        try expect(";")
        while token != .end { try statement() }
        guard program.qubits > 0 else { throw position.error("the program declares no qubit") }
    }

    private mutating func statement() throws(QasmError) {
        guard case .name(let word) = token else {
            throw position.error("expected a statement, found \(token.text)")
        }
        if Text.equal(word, "include") {
            try include()
        } else if Text.equal(word, "qreg") {
            try register(isQuantum: true)
        } else if Text.equal(word, "creg") {
            try register(isQuantum: false)
        } else if Text.equal(word, "gate") {
            try gateDefinition()
        } else if Text.equal(word, "opaque") {
            throw position.error("an opaque gate has no definition that could be simulated")
        } else if Text.equal(word, "if") {
            try conditional()
        } else if Text.equal(word, "barrier") {
            // It orders gates for a compiler that would move them; nothing here moves one.
            try advance()
            repeat { _ = try argument(isQuantum: true) } while try accept(",")
            try expect(";")
        } else {
            try operation(condition: -1)
        }
    }

    private mutating func include() throws(QasmError) {
        try advance()
        guard case .string(let file) = token else {
            throw position.error("expected a file name in quotes, found \(token.text)")
        }
        guard Text.equal(file, "qelib1.inc") else {
            throw position.error("only \"qelib1.inc\" can be included: it is built in")
        }
        let place = position
        try advance()
        try expect(";")
        guard !hasLibrary else { return }
        hasLibrary = true
        for native in Qelib1.native {
            guard gate(named: native.name.bytes[...]) == nil else {
                throw place.error("qelib1.inc defines \"\(native.name)\", which is defined already")
            }
            gates.append(GateDefinition(native))
        }
        let outer = (lexer, token, position)
        do throws(QasmError) {
            lexer = Lexer(Array(Qelib1.text.utf8))
            try advance()
            while token != .end { try gateDefinition() }
        } catch {
            throw place.error("in qelib1.inc: \(error.text)")
        }
        (lexer, token, position) = outer
    }

    private mutating func register(isQuantum: Bool) throws(QasmError) {
        try advance()
        let place = position
        let name = try name("the register's name")
        guard !Self.isReserved(name) else { throw place.error("a reserved word as a name") }
        guard find(name) == nil, gate(named: name) == nil else {
            throw place.error("\"\(Text.string(name))\" is defined already")
        }
        try expect("[")
        let limit = isQuantum ? QasmLimits.qubits : QasmLimits.classicalBits
        let used = isQuantum ? program.qubits : program.classicalBits
        let sizePlace = position
        let size = Int(try integer("the register's size", upTo: 1 << 32))
        guard size > 0 else { throw sizePlace.error("a register needs at least one bit") }
        guard used + size <= limit else {
            let kind = isQuantum ? "qubits" : "classical bits"
            throw sizePlace.error("\(used + size) \(kind), the most is \(limit)")
        }
        guard program.registers.count < QasmLimits.registers else {
            throw place.error("more than \(QasmLimits.registers) registers")
        }
        try expect("]")
        try expect(";")
        program.registers.append(
            Register(name, first: used, size: size, isQuantum: isQuantum))
        if isQuantum { program.qubits += size } else { program.classicalBits += size }
    }

    private mutating func conditional() throws(QasmError) {
        try advance()
        try expect("(")
        let place = position
        let name = try name("a classical register")
        guard let register = find(name), !register.isQuantum else {
            throw place.error("\"\(Text.string(name))\" is no classical register")
        }
        guard token == .equals else { throw position.error("expected \"==\", found \(token.text)") }
        try advance()
        let value = try integer("a whole number", upTo: UInt64.max)
        try expect(")")
        guard program.conditions.count < QasmLimits.conditions else {
            throw place.error("more than \(QasmLimits.conditions) conditions")
        }
        let mask = register.size == 64 ? UInt64.max : 1 << UInt64(register.size) - 1
        program.conditions.append(Condition(firstBit: register.first, mask: mask, value: value))
        try operation(condition: Int16(program.conditions.count - 1))
    }

    /// A gate call, a measurement or a reset.
    private mutating func operation(condition: Int16) throws(QasmError) {
        guard case .name(let word) = token else {
            throw position.error("expected a gate, found \(token.text)")
        }
        if Text.equal(word, "measure") {
            try measure(condition)
        } else if Text.equal(word, "reset") {
            let place = position
            try advance()
            let target = try argument(isQuantum: true)
            try expect(";")
            for index in 0..<target.size {
                try emit(
                    Operation(
                        action: .reset, target: UInt8(target.first + index), condition: condition),
                    place)
            }
        } else {
            try gateCall(condition)
        }
    }

    private mutating func measure(_ condition: Int16) throws(QasmError) {
        let place = position
        try advance()
        let from = try argument(isQuantum: true)
        guard token == .arrow else { throw position.error("expected \"->\", found \(token.text)") }
        try advance()
        let into = try argument(isQuantum: false)
        try expect(";")
        guard from.size == into.size, from.isWhole == into.isWhole else {
            throw place.error("\(from.size) qubits are measured into \(into.size) classical bits")
        }
        for index in 0..<from.size {
            try emit(
                Operation(
                    action: .measure, target: UInt8(from.first + index),
                    classical: UInt8(into.first + index), condition: condition), place)
        }
    }

    mutating func emit(_ operation: Operation, _ place: Position) throws(QasmError) {
        guard program.operations.count < QasmLimits.operations else {
            throw place.error("more than \(QasmLimits.operations) operations")
        }
        program.append(operation)
    }

    // MARK: names

    struct Argument {
        var first: Int
        var size: Int
        /// A register without an index.
        var isWhole: Bool
    }

    /// `q` or `q[3]`.
    mutating func argument(isQuantum: Bool) throws(QasmError) -> Argument {
        let place = position
        let name = try name(isQuantum ? "a qubit" : "a classical bit")
        guard let register = find(name) else {
            throw place.error("\"\(Text.string(name))\" is not declared")
        }
        guard register.isQuantum == isQuantum else {
            throw place.error(
                "\"\(Text.string(name))\" is a \(isQuantum ? "classical" : "quantum") register")
        }
        guard try accept("[") else {
            return Argument(first: register.first, size: register.size, isWhole: true)
        }
        let index = try integer("the index", upTo: UInt64(register.size - 1))
        try expect("]")
        return Argument(first: register.first + Int(index), size: 1, isWhole: false)
    }

    func find(_ name: ArraySlice<UInt8>) -> Register? {
        program.registers.first { $0.bytes[...] == name }
    }

    static func isReserved(_ name: ArraySlice<UInt8>) -> Bool {
        let words: [StaticString] = [
            "OPENQASM", "include", "qreg", "creg", "gate", "opaque", "if", "barrier", "measure",
            "reset", "pi", "sin", "cos", "tan", "exp", "ln", "sqrt",
        ]
        return words.contains { Text.equal(name, $0) }
    }
}

extension StaticString {
    var bytes: [UInt8] { withUTF8Buffer { Array($0) } }
}
