// Gate definitions and gate calls.

import Bytes

struct GateDefinition: Sendable {
    enum Body: Sendable {
        case native(GateKind)
        case steps([BodyStep])
    }

    var name: [UInt8]
    var parameters: Int
    /// Controls first, the target last, for a native one.
    var qubits: Int
    var body: Body

    init(name: [UInt8], parameters: Int, qubits: Int, body: Body) {
        self.name = name
        self.parameters = parameters
        self.qubits = qubits
        self.body = body
    }

    init(_ native: NativeGate) {
        self.init(
            name: native.name.bytes, parameters: native.kind.parameters + native.ignored,
            qubits: native.controls + 1, body: .native(native.kind))
    }
}

/// A call within a body; qubits are indices of the gate's own.
struct BodyStep: Sendable {
    var gate: Int
    var angles: [Expression]
    var qubits: [Int]
}

extension Parser {
    func gate(named name: ArraySlice<UInt8>) -> Int? {
        gates.firstIndex { $0.name[...] == name }
    }

    // MARK: definitions

    mutating func gateDefinition() throws(QasmError) {
        try advance()
        let place = position
        let name = try name("the gate's name")
        guard !Self.isReserved(name) else { throw place.error("a reserved word as a name") }
        guard gate(named: name) == nil, find(name) == nil else {
            throw place.error("\"\(Text.string(name))\" is defined already")
        }
        guard gates.count < QasmLimits.gates else {
            throw place.error("more than \(QasmLimits.gates) gates")
        }
        parameterNames = []
        if try accept("("), try !accept(")") {
            parameterNames = try names("a parameter", upTo: QasmLimits.gateParameters)
            try expect(")")
        }
        let qubitNames = try names("a qubit", upTo: QasmLimits.gateQubits)
        try expect("{")
        var steps: [BodyStep] = []
        while try !accept("}") {
            guard steps.count < QasmLimits.bodySteps else {
                throw position.error("a gate of more than \(QasmLimits.bodySteps) steps")
            }
            if let step = try bodyStep(qubitNames) { steps.append(step) }
        }
        gates.append(
            GateDefinition(
                name: Array(name), parameters: parameterNames.count, qubits: qubitNames.count,
                body: .steps(steps)))
        parameterNames = []
    }

    /// `a, b, c`, each once.
    private mutating func names(
        _ what: StaticString, upTo limit: Int
    ) throws(QasmError) -> [ArraySlice<UInt8>] {
        var found: [ArraySlice<UInt8>] = []
        repeat {
            let place = position
            let name = try name(what)
            guard !Self.isReserved(name) else { throw place.error("a reserved word as a name") }
            guard !found.contains(name) else {
                throw place.error("\"\(Text.string(name))\" twice")
            }
            guard found.count < limit else { throw place.error("more than \(limit) of \(what)") }
            found.append(name)
        } while try accept(",")
        return found
    }

    /// A call, or nil for a barrier.
    private mutating func bodyStep(
        _ qubitNames: [ArraySlice<UInt8>]
    ) throws(QasmError) -> BodyStep? {
        let place = position
        let word = try name("a gate")
        if Text.equal(word, "barrier") {
            _ = try formalQubits(qubitNames)
            return nil
        }
        let index = try known(word, place)
        let angles = try angles(of: index, place)
        let qubits = try formalQubits(qubitNames)
        guard qubits.count == gates[index].qubits else {
            throw place.error(countError("qubits", index, gates[index].qubits, qubits.count))
        }
        return BodyStep(gate: index, angles: angles, qubits: qubits)
    }

    private mutating func formalQubits(
        _ names: [ArraySlice<UInt8>]
    ) throws(QasmError) -> [Int] {
        var found: [Int] = []
        repeat {
            let place = position
            let word = try name("a qubit")
            guard let index = names.firstIndex(of: word) else {
                throw place.error("\"\(Text.string(word))\" is no qubit of this gate")
            }
            guard !found.contains(index) else {
                throw place.error("qubit \"\(Text.string(word))\" twice in one call")
            }
            found.append(index)
        } while try accept(",")
        try expect(";")
        return found
    }

    private func known(_ word: ArraySlice<UInt8>, _ place: Position) throws(QasmError) -> Int {
        if let index = gate(named: word) { return index }
        guard !Self.isReserved(word) else {
            throw place.error("\"\(Text.string(word))\" can't stand here")
        }
        let isStandard =
            gates.count == Qelib1.builtIn.count
            && Qelib1.native.contains { Text.equal(word, $0.name) }
        throw place.error(
            "unknown gate \"\(Text.string(word))\""
                + (isStandard ? "; include \"qelib1.inc\" defines it" : ""))
    }

    /// The angles in parentheses, as many as the gate takes.
    private mutating func angles(
        of index: Int, _ place: Position
    ) throws(QasmError) -> [Expression] {
        var angles: [Expression] = []
        if try accept("("), try !accept(")") {
            repeat {
                guard angles.count < QasmLimits.gateParameters else {
                    throw position.error("more than \(QasmLimits.gateParameters) angles")
                }
                angles.append(try expression())
            } while try accept(",")
            try expect(")")
        }
        guard angles.count == gates[index].parameters else {
            throw place.error(countError("angles", index, gates[index].parameters, angles.count))
        }
        return angles
    }

    private func countError(
        _ what: StaticString, _ index: Int, _ wanted: Int, _ found: Int
    ) -> String {
        "gate \"\(Text.string(gates[index].name[...]))\" takes \(wanted) \(what), not \(found)"
    }

    // MARK: calls

    mutating func gateCall(_ condition: Int16) throws(QasmError) {
        let place = position
        let word = try name("a gate")
        let index = try known(word, place)
        let expressions = try angles(of: index, place)
        var arguments: [Argument] = []
        repeat {
            guard arguments.count < QasmLimits.gateQubits else {
                throw position.error("more than \(QasmLimits.gateQubits) qubits")
            }
            arguments.append(try argument(isQuantum: true))
        } while try accept(",")
        try expect(";")
        guard arguments.count == gates[index].qubits else {
            throw place.error(countError("qubits", index, gates[index].qubits, arguments.count))
        }
        let values = try evaluated(expressions, [], place)
        // A whole register among the arguments: once for each of its qubits.
        var repeats = 1
        for argument in arguments where argument.isWhole {
            guard repeats == 1 || argument.size == repeats || argument.size == 1 else {
                throw place.error("registers of \(repeats) and \(argument.size) qubits in one call")
            }
            repeats = max(repeats, argument.size)
        }
        for turn in 0..<repeats {
            var qubits: [Int] = []
            for argument in arguments {
                let qubit = argument.first + (argument.size > 1 ? turn : 0)
                guard !qubits.contains(qubit) else {
                    throw place.error("the same qubit twice in one call")
                }
                qubits.append(qubit)
            }
            try expand(index, values, qubits, condition, 0, place)
        }
    }

    private func evaluated(
        _ expressions: [Expression], _ parameters: [Double], _ place: Position
    ) throws(QasmError) -> [Double] {
        var values: [Double] = []
        for expression in expressions {
            guard let value = expression.value(parameters) else {
                throw place.error("an angle is not a finite number")
            }
            values.append(value)
        }
        return values
    }

    private mutating func expand(
        _ index: Int, _ parameters: [Double], _ qubits: [Int], _ condition: Int16, _ depth: Int,
        _ place: Position
    ) throws(QasmError) {
        calls += 1
        guard calls <= QasmLimits.calls else {
            throw place.error("more than \(QasmLimits.calls) calls of gates")
        }
        guard depth < QasmLimits.callDepth else {
            throw place.error("gates nested deeper than \(QasmLimits.callDepth)")
        }
        switch gates[index].body {
        case .native(let kind): try emit(kind, parameters, qubits, condition, place)
        case .steps(let steps):
            for step in steps {
                let values = try evaluated(step.angles, parameters, place)
                try expand(
                    step.gate, values, step.qubits.map { qubits[$0] }, condition, depth + 1, place)
            }
        }
    }

    private mutating func emit(
        _ kind: GateKind, _ parameters: [Double], _ qubits: [Int], _ condition: Int16,
        _ place: Position
    ) throws(QasmError) {
        guard let target = qubits.last else { return }
        var operation = Operation(
            action: .gate(kind), target: UInt8(target), condition: condition)
        for control in qubits.dropLast() { operation.controls |= 1 << UInt32(control) }
        for value in parameters where value.magnitude > QasmLimits.angle {
            throw place.error("an angle beyond ±\(Int(QasmLimits.angle)) radians")
        }
        if kind.parameters > 0 { operation.angles.0 = parameters[0] }
        if kind.parameters > 2 {
            operation.angles.1 = parameters[1]
            operation.angles.2 = parameters[2]
        }
        try emit(operation, place)
    }
}
