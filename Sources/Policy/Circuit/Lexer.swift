// The words of an OpenQASM 2 text.

import Bytes

enum Token: Equatable, Sendable {
    case name(ArraySlice<UInt8>)
    case integer(UInt64)
    case real(Double)
    case string(ArraySlice<UInt8>)
    /// One of ; , ( ) [ ] { } + - * / ^
    case symbol(UInt8)
    case arrow
    case equals
    case end

    func isSymbol(_ wanted: Unicode.Scalar) -> Bool {
        guard case .symbol(let byte) = self else { return false }
        return UInt32(byte) == wanted.value
    }

    var text: String {
        switch self {
        case .name(let bytes): "\"\(Text.string(bytes.prefix(QasmLimits.nameBytes)))\""
        case .integer(let value): "\(value)"
        case .real: "a number"
        case .string: "a string"
        case .symbol(let byte): "\"\(Text.string([byte]))\""
        case .arrow: "\"->\""
        case .equals: "\"==\""
        case .end: "the end of the text"
        }
    }
}

struct Lexer {
    private let bytes: [UInt8]
    private var index = 0
    private var position = Position()

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }
    private var following: UInt8? { index + 1 < bytes.count ? bytes[index + 1] : nil }

    private mutating func advance() {
        if bytes[index] == 0x0a {
            position.line += 1
            position.column = 1
        } else {
            position.column += 1
        }
        index += 1
    }

    /// The next token and where it begins.
    mutating func next() throws(QasmError) -> (Token, Position) {
        skipBlanks()
        let start = position
        guard let byte = current else { return (.end, start) }
        if Self.isLetter(byte) {
            let from = index
            while let next = current, Self.isLetter(next) || Self.isDigit(next) { advance() }
            guard index - from <= QasmLimits.nameBytes else {
                throw start.error("a name longer than \(QasmLimits.nameBytes) bytes")
            }
            return (.name(bytes[from..<index]), start)
        }
        if Self.isDigit(byte) || (byte == 0x2e && Self.isDigit(following ?? 0)) {
            return (try number(start), start)
        }
        if byte == 0x22 { return (try string(start), start) }
        advance()
        switch byte {
        case 0x2d where current == 0x3e:
            advance()
            return (.arrow, start)
        case 0x3d where current == 0x3d:
            advance()
            return (.equals, start)
        case 0x3b, 0x2c, 0x28, 0x29, 0x5b, 0x5d, 0x7b, 0x7d, 0x2b, 0x2d, 0x2a, 0x2f, 0x5e:
            return (.symbol(byte), start)
        case 0x21...0x7e: throw start.error("unexpected \"\(Text.string([byte]))\"")
        default: throw start.error("unexpected byte 0x\(Hex.encode([byte]))")
        }
    }

    private mutating func skipBlanks() {
        while let byte = current {
            if byte == 0x2f, following == 0x2f {
                while current.map({ $0 != 0x0a }) ?? false { advance() }
            } else if byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) {
                advance()
            } else {
                return
            }
        }
    }

    private mutating func string(_ start: Position) throws(QasmError) -> Token {
        advance()
        let from = index
        while let byte = current, byte != 0x22 {
            guard byte != 0x0a, index - from <= QasmLimits.nameBytes else {
                throw start.error("a string that isn't closed")
            }
            advance()
        }
        guard current != nil else { throw start.error("a string that isn't closed") }
        let text = bytes[from..<index]
        advance()
        return .string(text)
    }

    /// Digits with an optional fraction and exponent. The digits are taken exactly (19 of them),
    /// the power of ten at 106 bits: the result is the nearest Double but for rare halves.
    private mutating func number(_ start: Position) throws(QasmError) -> Token {
        var mantissa: UInt64 = 0
        var scale = 0
        var isReal = false
        while let byte = current {
            if byte == 0x2e, !isReal {
                isReal = true
            } else if Self.isDigit(byte) {
                if mantissa < 1_000_000_000_000_000_000 {
                    mantissa = mantissa * 10 + UInt64(byte - 0x30)
                    if isReal { scale -= 1 }
                } else if isReal {
                    // A twentieth digit after the point moves nothing.
                } else {
                    throw start.error("a number of more than 19 digits")
                }
            } else {
                break
            }
            advance()
        }
        if let byte = current, byte == 0x65 || byte == 0x45 {
            isReal = true
            advance()
            scale += try exponent(start)
        }
        guard isReal else { return .integer(mantissa) }
        guard abs(scale) <= 100 else { throw start.error("a number out of range") }
        let head = Double((mantissa >> 32) << 32)
        var value = DoubleDouble.sum(head, Double(mantissa & 0xFFFF_FFFF))
        while scale > 0 {
            value = value * DoubleDouble(10)
            scale -= 1
        }
        while scale < 0 {
            value = value / 10
            scale += 1
        }
        return .real(value.high)
    }

    private mutating func exponent(_ start: Position) throws(QasmError) -> Int {
        var negative = false
        if let sign = current, sign == 0x2b || sign == 0x2d {
            negative = sign == 0x2d
            advance()
        }
        guard Self.isDigit(current ?? 0) else { throw start.error("an exponent without digits") }
        var value = 0
        while let byte = current, Self.isDigit(byte) {
            value = min(10_000, value * 10 + Int(byte - 0x30))
            advance()
        }
        return negative ? -value : value
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte == 0x5f
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
