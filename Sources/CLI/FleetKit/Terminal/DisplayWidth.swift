// Columns that text takes in a terminal: wide characters two, combining ones none.
// After Unicode Standard Annex 11 (East Asian Width), to the blocks that terminals agree upon.

enum DisplayWidth {
    static func of(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + of($1) }
    }

    /// As many whole characters as fit.
    static func prefix(_ text: String, columns: Int) -> String {
        var left = columns
        var kept = ""
        for character in text {
            let width = of(String(character))
            guard width <= left else { break }
            left -= width
            kept.append(character)
        }
        return kept
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
            0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f,
            0x1f680...0x1f6ff, 0x1f900...0x1faff, 0x20000...0x3fffd:
            return 2
        default: return 1
        }
    }
}
