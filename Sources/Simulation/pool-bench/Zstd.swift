// A peer: the zstd program's own benchmark, on the raw Doubles of a column. Nil where there is none.

import Foundation

enum Zstd {
    struct Figures {
        var bytes: Int
        var encodeNanosecondsPerValue: Double
        var decodeNanosecondsPerValue: Double
    }

    static func measure(_ values: [Double], level: Int) -> Figures? {
        let file = NSTemporaryDirectory() + "pool-bench-\(ProcessInfo.processInfo.processIdentifier).raw"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let data = values.withUnsafeBytes { Data($0) }
        guard FileManager.default.createFile(atPath: file, contents: data) else { return nil }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["zstd", "-q", "-b\(level)", "-i1", file]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return parse(String(decoding: output, as: UTF8.self))
    }

    /// `-3       80123 (2.457)  323.1 MB/s  912.0 MB/s  name`
    private static func parse(_ text: String) -> Figures? {
        let line = text.split(whereSeparator: { $0 == "\n" }).last ?? ""
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\n" || $0 == "\r" })
        guard let bytes = words.dropFirst().compactMap({ Int($0) }).first else { return nil }
        var speeds: [Double] = []
        for (index, word) in words.enumerated() where word.hasPrefix("MB/s") && index > 0 {
            if let speed = Double(words[index - 1]) { speeds.append(speed) }
        }
        guard speeds.count >= 2 else { return nil }
        return Figures(
            bytes: bytes, encodeNanosecondsPerValue: 8000 / speeds[0],
            decodeNanosecondsPerValue: 8000 / speeds[1])
    }
}
