// What the bench runs on: the CSV files of a folder, or, without one, series made here.

import Foundation
import PoolReplay
import PoolTrials

struct Trace {
    var name: String
    var table: CSVTable
}

enum Traces {
    /// Every CSV below `folder`; row counters and the like are named by the caller.
    static func load(_ folder: String, skipping skipped: Set<String>) -> [Trace] {
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return files.filter { $0.hasSuffix(".csv") }.sorted().compactMap { file in
            guard let data = FileManager.default.contents(atPath: folder + "/" + file) else {
                return nil
            }
            var table = CSVTable()
            data.withUnsafeBytes { table.feed($0) }
            table.finish()
            for name in skipped {
                if let column = table.names.firstIndex(of: Array(name.utf8)) {
                    table.remove(column: column)
                }
            }
            return table.columns.isEmpty ? nil : Trace(name: file, table: table)
        }
    }

    /// A board's channels, as they look: 20,000 rows 10 s apart.
    static func synthetic() -> [Trace] {
        var text = "time," + BoardSeries.names.map { "\($0)" }.joined(separator: ",") + "\n"
        var board = BoardSeries()
        var row = [Double](repeating: 0, count: BoardSeries.names.count)
        for index in 0..<20_000 {
            board.next(into: &row)
            text += "\(1_700_000_000 + index * 10)," + row.map { "\($0)" }.joined(separator: ",") + "\n"
        }
        var table = CSVTable()
        Array(text.utf8).withUnsafeBytes { table.feed($0) }
        table.finish()
        return [Trace(name: "synthetic", table: table)]
    }
}
