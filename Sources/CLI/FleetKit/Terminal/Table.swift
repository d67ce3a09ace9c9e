// A table for people: columns aligned by display width, two spaces between them. On a terminal the
// columns that may shrink do so until a row fits; into a pipe nothing is ever cut.

struct Column {
    enum Alignment { case left, right }
    let title: String
    var alignment = Alignment.left
    /// Columns whose text may be cut on a narrow terminal.
    var shrinks = false

    static func left(_ title: String) -> Column { Column(title: title) }
    static func right(_ title: String) -> Column { Column(title: title, alignment: .right) }
    static func text(_ title: String) -> Column { Column(title: title, shrinks: true) }
}

struct Table {
    let columns: [Column]
    private var rows: [[Styled]] = []

    init(_ columns: [Column]) { self.columns = columns }

    var isEmpty: Bool { rows.isEmpty }

    /// Missing cells are empty, surplus ones are dropped.
    mutating func add(_ cells: [Styled]) {
        let padding = [Styled](repeating: "", count: max(0, columns.count - cells.count))
        rows.append(Array((cells + padding).prefix(columns.count)))
    }

    func lines(width limit: Int?) -> [Styled] {
        let header = columns.map { Styled($0.title, .dim) }
        let widths = widths(header, limit)
        return ([header] + rows).map { row in
            let line = line(row, widths)
            return limit.map { line.truncated(to: $0) } ?? line
        }
    }

    private static let gap = 2
    /// Below this a cut text says nothing.
    private static let shrunkLeast = 8

    private func widths(_ header: [Styled], _ limit: Int?) -> [Int] {
        var widths = columns.indices.map { column in
            ([header] + rows).map { $0[column].width }.max() ?? 0
        }
        guard let limit else { return widths }
        while widths.reduce(0, +) + Self.gap * (widths.count - 1) > limit {
            let candidates = columns.indices.filter { columns[$0].shrinks && widths[$0] > Self.shrunkLeast }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return widths
    }

    private func line(_ row: [Styled], _ widths: [Int]) -> Styled {
        var line = Styled("")
        // Trailing blanks would only wrap; a last, left-aligned column needs no padding.
        let last = row.lastIndex { $0.width > 0 } ?? 0
        for index in row.indices where index <= last {
            let cell = row[index].truncated(to: widths[index])
            let padding = Styled(String(repeating: " ", count: max(0, widths[index] - cell.width)))
            if index > 0 { line = line + Styled(String(repeating: " ", count: Self.gap)) }
            switch columns[index].alignment {
            case .right: line = line + padding + cell
            case .left: line = index == last ? line + cell : line + cell + padding
            }
        }
        return line
    }
}
