// Which chips the configuration of libsensors computes values of. The library applies `compute` lines
// when it reads, and doesn't tell which channels have one; so the files are looked through for chips
// that have any. It errs on one side: a chip too many only costs a comparison.
// https://man7.org/linux/man-pages/man5/sensors.conf.5.html

import Bytes
import System

struct ComputeLines {
    /// What stands before the first dash of the patterns, e.g. "it87" of `it87-isa-*`; "*" is any chip.
    private(set) var prefixes: [[UInt8]] = []

    /// The files that the library reads by itself, in one of two places and a folder.
    static func usual() -> ComputeLines {
        var lines = ComputeLines()
        lines.add(file("/etc/sensors3.conf") ?? file("/etc/sensors.conf"))
        for name in OneShot.names("/etc/sensors.d") { lines.add(file("/etc/sensors.d/\(name)")) }
        return lines
    }

    /// Debian's own file has 14 KiB.
    static func file(_ path: String) -> [UInt8]? { OneShot.bytes(path, limit: 1 << 20) }

    /// nil for a file that isn't there, or can't be read.
    mutating func add(_ text: [UInt8]?) {
        guard let text else { return }
        var section: [[UInt8]] = []
        var continues = false
        for line in Text.lines(text[...]) {
            let code = Text.trimmed(line.prefix { $0 != 0x23 })
            let first = code.prefix { !Text.isBlank($0) && $0 != 0x22 }
            if Text.equal(first, "chip") {
                section = Self.patterns(code)
            } else if continues {
                section += Self.patterns(code)
            } else if Text.equal(first, "compute") {
                prefixes += section
                section = []
            }
            continues = code.last == 0x5c && (continues || Text.equal(first, "chip"))
        }
    }

    func may(_ chip: String) -> Bool {
        prefixes.contains { $0.elementsEqual(chip.utf8) || $0 == [0x2a] }
    }

    /// The quoted words of a line, up to their first dash.
    private static func patterns(_ line: ArraySlice<UInt8>) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for (index, part) in line.split(separator: 0x22, omittingEmptySubsequences: false).enumerated()
        where index % 2 == 1 {
            found.append(Array(part.prefix { $0 != 0x2d }))
        }
        return found
    }
}
