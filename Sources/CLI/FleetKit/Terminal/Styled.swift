// Text for a terminal. Everything that is shown passes through `Styled`, whose pieces are cleaned of
// control characters when they are made: what a device or server calls itself can neither move the
// cursor nor recolour, rename or reprogram an operator's terminal.

public enum Style: Sendable {
    case plain, bold, dim, good, warning, bad

    /// Select Graphic Rendition (ECMA-48); the eight basic colours keep to the terminal's own theme.
    var code: String {
        switch self {
        case .plain: ""
        case .bold: "1"
        case .dim: "2"
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        }
    }
}

public struct Styled: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    private var pieces: [(style: Style, text: String)]

    public init(_ text: String, _ style: Style = .plain) {
        pieces = [(style, Self.cleaned(text))]
    }

    public init(stringLiteral text: String) { self.init(text) }

    public static func + (a: Styled, b: Styled) -> Styled {
        var sum = a
        sum.pieces += b.pieces
        return sum
    }

    public var plain: String { pieces.map(\.text).joined() }
    public var width: Int { DisplayWidth.of(plain) }

    public func rendered(inColour: Bool) -> String {
        pieces.map { piece in
            guard inColour, piece.style != .plain, !piece.text.isEmpty else { return piece.text }
            return "\u{1b}[\(piece.style.code)m\(piece.text)\u{1b}[0m"
        }.joined()
    }

    /// At most `limit` columns wide, an ellipsis in place of what is cut.
    public func truncated(to limit: Int) -> Styled {
        guard width > limit else { return self }
        var left = max(0, limit - 1)
        var result = Styled("")
        var last = Style.plain
        for piece in pieces where left > 0 {
            let kept = DisplayWidth.prefix(piece.text, columns: left)
            left -= DisplayWidth.of(kept)
            result.pieces.append((piece.style, kept))
            last = piece.style
            if kept.count < piece.text.count { break }
        }
        if limit > 0 { result.pieces.append((last, "…")) }
        return result
    }

    /// Control characters (C0, DEL, C1), line separators and marks that reverse the direction of
    /// text become U+FFFD.
    static func cleaned(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { clean.append(isUnsafe(scalar) ? "\u{fffd}" : scalar) }
        return String(clean)
    }

    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f...0x9f: true
        case 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff, 0x61c: true
        default: false
        }
    }
}
