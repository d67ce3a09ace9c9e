// What the workload says of itself: a file (`--signals`, else `signals` in the run folder), one line
// such as
//
//     entropy=0.42 value=0.9
//
// written by the workload whenever it likes (write a new file and rename it over the old one). A file
// that hasn't been touched for three intervals says nothing any more. A workload that runs as another
// user gets a file in a folder of its own: the agent only reads numbers from it.

import Bytes
import Model
import System

struct SignalFile {
    private let path: String

    init(path: String) { self.path = path }

    func read(nowMs: Int64, freshMs: Int64) -> Model.Signals {
        guard let status = try? FileSystem.status(path), status.isRegular,
            // Both ways: a clock that was set back leaves times in the future behind.
            abs(nowMs - status.modifiedMs) <= freshMs,
            let bytes = try? FileSystem.read(path, limit: 4096)
        else { return Model.Signals() }
        return Self.parse(bytes)
    }

    /// Words that aren't `entropy=` or `value=` with a number in 0…1 are passed over.
    static func parse(_ bytes: [UInt8]) -> Model.Signals {
        var signals = Model.Signals()
        for word in Text.words(bytes[...]) {
            guard let equals = word.firstIndex(of: 0x3d),
                let number = Text.decimal(word[(equals + 1)...]), number >= 0, number <= 1
            else { continue }
            if Text.equal(word[..<equals], "entropy") { signals.entropy = number }
            if Text.equal(word[..<equals], "value") { signals.value = number }
        }
        return signals
    }
}
