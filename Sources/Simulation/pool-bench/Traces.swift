// What the bench runs on: the CSV files of a folder, or, without one, series made here.

import Foundation
import PoolReplay

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

    /// A board's channels, as they look: made with a fixed seed, 20,000 rows 10 s apart.
    static func synthetic() -> [Trace] {
        var state: UInt64 = 2026
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(Int64(bitPattern: state) >> 11) / Double(1 << 52)
        }
        var text = "time,cpu_temp,room_temp,load,mem_available_kib,freq_mhz,net_bytes,price,white\n"
        var (cpu, room, load, memory, bytes, price) = (50.0, 21.0, 0.3, 3_500_000.0, 0.0, 100.0)
        for row in 0..<20_000 {
            let busy = row / 700 % 5 == 0
            load += (busy ? 2.5 - load : 0.3 - load) * 0.05 + noise() * 0.05
            cpu += (45 + load * 10 - cpu) * 0.1 + noise() * 0.3
            room += noise() * 0.01
            memory += noise() * 400 + (row % 900 == 0 ? -20_000 : 22)
            bytes += busy ? 90_000 + noise() * 30_000 : (noise() > 0.6 ? 1500 : 0)
            price *= 1 + noise() * 0.0007
            let frequency = busy ? 1500 : (noise() > 0.9 ? 1000 : 600)
            func fixed(_ value: Double, _ scale: Double) -> Double { (value * scale).rounded() / scale }
            text += "\(1_700_000_000 + row * 10),\(fixed(cpu, 10)),\(fixed(room, 100)),\(fixed(load, 100)),"
            text += "\(Int(memory) / 4 * 4),\(frequency),\(Int(bytes)),\(fixed(price, 100)),\(noise())\n"
        }
        var table = CSVTable()
        Array(text.utf8).withUnsafeBytes { table.feed($0) }
        table.finish()
        return [Trace(name: "synthetic", table: table)]
    }
}
