// Lines of a terminal, cut to its width: no line wraps, so a picture can be redrawn in place.
//
// A column is a code point here: what is drawn holds no wide and no combining ones.

import Bytes

struct Canvas {
    enum Style {
        case plain, bold, faint, reverse, red, green, yellow

        var code: StaticString? {
            switch self {
            case .plain: nil
            case .bold: "\u{1b}[1m"
            case .faint: "\u{1b}[2m"
            case .reverse: "\u{1b}[7m"
            case .red: "\u{1b}[31m"
            case .green: "\u{1b}[32m"
            case .yellow: "\u{1b}[33m"
            }
        }
    }

    let columns: Int
    let isColoured: Bool
    private(set) var text = ""
    private var column = 0

    static let labelColumns = 16

    init(columns: Int, isColoured: Bool) {
        self.columns = columns
        self.isColoured = isColoured
    }

    /// Text at the cursor; what lies beyond the last column is left out.
    mutating func add(_ piece: String, _ style: Style = .plain) {
        let kept = Self.prefix(piece, max(0, columns - column))
        column += Self.width(kept)
        guard let code = style.code, isColoured, !kept.isEmpty else {
            // Without colour the chosen scene still has to stand out.
            if case .reverse = style, column > 1 { text += Self.marked(kept) } else { text += kept }
            return
        }
        text += "\(code)" + kept + "\u{1b}[0m"
    }

    /// Ends the line, and clears what an earlier picture left in it.
    mutating func end() {
        text += "\u{1b}[K\n"
        column = 0
    }

    mutating func label(_ name: String) { add("  " + Self.left(name, Self.labelColumns - 2)) }

    /// 24 columns, filled by a share.
    mutating func bar(_ share: Double, _ style: Style) {
        let length = 24
        let filled = Int((clampShare(share) * Double(length)).rounded())
        add(String(repeating: "█", count: filled), style)
        add(String(repeating: "·", count: length - filled), .faint)
    }

    /// The last values, one a column, in eight heights.
    mutating func curve(_ values: [Double], _ range: ClosedRange<Double>) {
        let heights: [StaticString] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        for value in values.suffix(max(0, columns - column)) {
            let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
            add("\(heights[min(7, Int(clampShare(share) * 8))])")
        }
    }

    private func clampShare(_ share: Double) -> Double { share == share ? max(0, min(1, share)) : 0 }

    // MARK: Texts

    static func width(_ text: String) -> Int { text.utf8.count { $0 & 0xc0 != 0x80 } }

    static func left(_ text: String, _ columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(text)))
    }

    static func right(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - width(text))) + text
    }

    static func trimmed(_ text: String) -> String {
        var bytes = Array(text.utf8)
        while bytes.last == 0x20 { bytes.removeLast() }
        return Text.string(bytes[...])
    }

    private static func prefix(_ text: String, _ columns: Int) -> String {
        guard width(text) > columns else { return text }
        var kept: [UInt8] = []
        var seen = 0
        for byte in text.utf8 {
            if byte & 0xc0 != 0x80 { seen += 1 }
            if seen > columns { break }
            kept.append(byte)
        }
        return Text.string(kept[...])
    }

    /// `3 hot` as `3>hot`: as wide as it was.
    private static func marked(_ text: String) -> String {
        var bytes = Array(text.utf8)
        if let space = bytes.firstIndex(of: 0x20) { bytes[space] = 0x3e }
        return Text.string(bytes[...])
    }
}
