// Angles as OpenQASM 2 writes them: pi, numbers, a gate's parameters, + − * / ^, unary minus and
// sin cos tan exp ln sqrt. Parsed once into postfix order, evaluated at every call of the gate.
//
// `^` binds closest and to the right, then the unary minus, as in mathematics: −2^2 is −4.

import Bytes
import Phi

struct Expression: Sendable {
    enum Function: UInt8, Sendable {
        case sin, cos, tan, exp, ln, sqrt

        init?(_ name: ArraySlice<UInt8>) {
            if Text.equal(name, "sin") {
                self = .sin
            } else if Text.equal(name, "cos") {
                self = .cos
            } else if Text.equal(name, "tan") {
                self = .tan
            } else if Text.equal(name, "exp") {
                self = .exp
            } else if Text.equal(name, "ln") {
                self = .ln
            } else if Text.equal(name, "sqrt") {
                self = .sqrt
            } else {
                return nil
            }
        }

        func callAsFunction(_ x: Double) -> Double {
            switch self {
            case .sin: Phi.sin(x)
            case .cos: Phi.cos(x)
            case .tan: Phi.sin(x) / Phi.cos(x)
            case .exp: Elementary.exp(x)
            case .ln: Elementary.ln(x)
            case .sqrt: x.squareRoot()
            }
        }
    }

    enum Item: Sendable {
        case number(Double)
        /// Of the gate that is being defined, from 0.
        case parameter(Int)
        case add, subtract, multiply, divide, power, negate
        case function(Function)
    }

    var items: [Item] = []

    /// Nil where there is no finite value (1/0, ln(0), sqrt(−1)).
    func value(_ parameters: [Double]) -> Double? {
        var stack: [Double] = []
        for item in items {
            switch item {
            case .number(let value): stack.append(value)
            case .parameter(let index):
                guard index < parameters.count else { return nil }
                stack.append(parameters[index])
            case .negate:
                guard let x = stack.popLast() else { return nil }
                stack.append(-x)
            case .function(let function):
                guard let x = stack.popLast() else { return nil }
                stack.append(function(x))
            case .add, .subtract, .multiply, .divide, .power:
                guard let y = stack.popLast(), let x = stack.popLast() else { return nil }
                stack.append(Self.apply(item, x, y))
            }
        }
        guard let value = stack.last, stack.count == 1, value.isFinite else { return nil }
        return value
    }

    private static func apply(_ item: Item, _ x: Double, _ y: Double) -> Double {
        switch item {
        case .add: x + y
        case .subtract: x - y
        case .multiply: x * y
        case .divide: x / y
        default: Elementary.power(x, y)
        }
    }
}

/// exp, ln and x^y from the floor's exp2 and log2.
enum Elementary {
    private static let ln2 = 0.6931471805599453

    static func exp(_ x: Double) -> Double { Phi.exp2(x / ln2) }
    static func ln(_ x: Double) -> Double { Phi.log2(x) * ln2 }

    static func power(_ x: Double, _ y: Double) -> Double {
        // Whole exponents by squaring: exact for the powers of two that angles divide by.
        if y.magnitude <= 1024, y == y.rounded(.towardZero) {
            var rest = Int(y.magnitude)
            var factor = x
            var result = 1.0
            while rest > 0 {
                if rest & 1 == 1 { result *= factor }
                factor *= factor
                rest >>= 1
            }
            return y < 0 ? 1 / result : result
        }
        if x == 0 { return y > 0 ? 0 : .infinity }
        return Phi.exp2(y * Phi.log2(x))
    }
}

extension Parser {
    mutating func expression() throws(QasmError) -> Expression {
        var result = Expression()
        try sum(&result, 0)
        return result
    }

    private func push(_ item: Expression.Item, _ result: inout Expression) throws(QasmError) {
        guard result.items.count < QasmLimits.expressionItems else {
            throw position.error("an expression of more than \(QasmLimits.expressionItems) terms")
        }
        result.items.append(item)
    }

    private mutating func sum(_ result: inout Expression, _ depth: Int) throws(QasmError) {
        guard depth < QasmLimits.expressionDepth else {
            throw position.error("an expression nested deeper than \(QasmLimits.expressionDepth)")
        }
        try product(&result, depth)
        while true {
            if try accept("+") {
                try product(&result, depth)
                try push(.add, &result)
            } else if try accept("-") {
                try product(&result, depth)
                try push(.subtract, &result)
            } else {
                return
            }
        }
    }

    private mutating func product(_ result: inout Expression, _ depth: Int) throws(QasmError) {
        try signed(&result, depth)
        while true {
            if try accept("*") {
                try signed(&result, depth)
                try push(.multiply, &result)
            } else if try accept("/") {
                try signed(&result, depth)
                try push(.divide, &result)
            } else {
                return
            }
        }
    }

    private mutating func signed(_ result: inout Expression, _ depth: Int) throws(QasmError) {
        var negations = 0
        while true {
            if try accept("-") {
                negations += 1
            } else if try !accept("+") {
                break
            }
        }
        try operand(&result, depth)
        if try accept("^") {
            // Right-associative, and the exponent may have a sign of its own.
            guard depth + 1 < QasmLimits.expressionDepth else {
                throw position.error(
                    "an expression nested deeper than \(QasmLimits.expressionDepth)")
            }
            try signed(&result, depth + 1)
            try push(.power, &result)
        }
        if negations % 2 == 1 { try push(.negate, &result) }
    }

    private mutating func operand(_ result: inout Expression, _ depth: Int) throws(QasmError) {
        switch token {
        case .integer(let value):
            try advance()
            try push(.number(Double(value)), &result)
        case .real(let value):
            try advance()
            try push(.number(value), &result)
        case .symbol where token.isSymbol("("):
            try advance()
            try sum(&result, depth + 1)
            try expect(")")
        case .name(let name):
            if Text.equal(name, "pi") {
                try advance()
                try push(.number(3.141592653589793), &result)
            } else if let index = parameterNames.firstIndex(of: name) {
                try advance()
                try push(.parameter(index), &result)
            } else if let function = Expression.Function(name) {
                try advance()
                try expect("(")
                try sum(&result, depth + 1)
                try expect(")")
                try push(.function(function), &result)
            } else {
                throw position.error("unknown name \(token.text) in an expression")
            }
        default: throw position.error("expected an angle, found \(token.text)")
        }
    }
}
