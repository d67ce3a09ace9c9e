// Columns of numbers from CSV: a header row, then values. Columns whose first cells are no numbers
// are left out; a column of times (by name, or because its cells look like dates) becomes the clock;
// a column named `value` beside others says the value of each row. An empty or unreadable cell is NaN.
//
// Bytes come in pieces of any size; nothing but the numbers is kept.

import Precision

public struct CSVTable {
    public private(set) var names: [[UInt8]] = []
    public private(set) var columns: [[Double]] = []
    /// Milliseconds, when the file has times.
    public private(set) var timesMs: [Int64] = []
    /// The `value` column, 0 … 1.
    public private(set) var scores: [Double] = []
    public private(set) var rows = 0

    private enum Role {
        case undecided
        case number(Int)
        case time
        case score
        case skipped
    }
    private var roles: [Role] = []
    private var headers: [[UInt8]] = []
    private var cell: [UInt8] = []
    private var cells: [[UInt8]] = []
    private var quoted = false
    private var seenHeader = false

    public init() {}

    public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { take(byte) }
    }

    /// After the last byte.
    public mutating func finish() {
        if !cell.isEmpty || !cells.isEmpty { endRow() }
    }

    private mutating func take(_ byte: UInt8) {
        if quoted {
            if byte == 0x22 { quoted = false } else { cell.append(byte) }
            return
        }
        switch byte {
        case 0x22: quoted = true
        case 0x2C, 0x3B, 0x09: endCell()
        case 0x0A: endRow()
        case 0x0D: break
        default: cell.append(byte)
        }
    }

    private mutating func endCell() {
        cells.append(cell)
        cell.removeAll(keepingCapacity: true)
    }

    private mutating func endRow() {
        endCell()
        defer { cells.removeAll(keepingCapacity: true) }
        if cells.count == 1 && cells[0].isEmpty { return }
        guard seenHeader else {
            seenHeader = true
            headers = cells
            // Alone, a `value` is what was measured.
            let isAlone = cells.filter { !Self.isTimeName($0) }.count == 1
            roles = cells.map {
                Self.isTimeName($0) ? .time : Self.isScoreName($0) && !isAlone ? .score : .undecided
            }
            return
        }
        for index in roles.indices {
            take(index < cells.count ? cells[index] : [], index)
        }
        rows += 1
        for index in columns.indices where columns[index].count < rows {
            columns[index].append(.nan)
        }
    }

    private mutating func take(_ cell: [UInt8], _ index: Int) {
        switch roles[index] {
        case .skipped: break
        case .number(let column):
            columns[column].append(CSVNumber.parse(cell) ?? .nan)
        case .score:
            while scores.count < rows { scores.append(0) }
            scores.append(CSVNumber.parse(cell) ?? 0)
        case .time:
            let last = timesMs.last ?? 0
            while timesMs.count < rows { timesMs.append(last) }
            timesMs.append(CSVTime.parse(cell) ?? last)
        case .undecided:
            decide(cell, index)
        }
    }

    private mutating func decide(_ cell: [UInt8], _ index: Int) {
        if let value = CSVNumber.parse(cell) {
            roles[index] = .number(columns.count)
            names.append(headers[index])
            columns.append([Double](repeating: .nan, count: rows))
            columns[columns.count - 1].append(value)
        } else if CSVTime.parse(cell) != nil, timesMs.isEmpty {
            roles[index] = .time
            take(cell, index)
        } else if !cell.isEmpty {
            roles[index] = .skipped
        }
    }

    private static func isTimeName(_ name: [UInt8]) -> Bool {
        ["time", "timestamp", "time_stamp", "datetime", "date_time", "time_ms"].contains {
            equalsIgnoringCase(name, $0)
        }
    }

    private static func isScoreName(_ name: [UInt8]) -> Bool { equalsIgnoringCase(name, "value") }

    private static func equalsIgnoringCase(_ name: [UInt8], _ other: StaticString) -> Bool {
        guard name.count == other.utf8CodeUnitCount else { return false }
        return other.withUTF8Buffer { buffer in
            for (index, byte) in buffer.enumerated() where name[index] | 0x20 != byte | 0x20 {
                return false
            }
            return true
        }
    }

    /// Leaves out columns the caller does not want (row counters, say).
    public mutating func remove(column: Int) {
        names.remove(at: column)
        columns.remove(at: column)
    }

    /// A second file's columns beside the first's: they must be as long, or the shorter length wins.
    public mutating func join(_ other: CSVTable) {
        let length = rows == 0 ? other.rows : min(rows, other.rows)
        names += other.names
        columns += other.columns
        for index in columns.indices { columns[index].removeLast(columns[index].count - length) }
        if timesMs.isEmpty { timesMs = other.timesMs }
        if scores.isEmpty { scores = other.scores }
        if timesMs.count > length { timesMs.removeLast(timesMs.count - length) }
        if scores.count > length { scores.removeLast(scores.count - length) }
        rows = length
    }
}
