// "Did you mean …": the known name that a mistyped one is nearest to.

enum Nearest {
    /// The nearest name, or nil where nothing is near enough to be meant: at most a third of its
    /// letters may differ, and two at least for short names.
    static func name(to typed: String, among known: [String]) -> String? {
        let scored = known.map { (name: $0, distance: distance(typed.lowercased(), $0.lowercased())) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(2, typed.count / 3) ? best.name : nil
    }

    /// Levenshtein's distance. Names are short; a longer word than 64 letters is a mistake anyway.
    static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first.unicodeScalars.prefix(64))
        let b = Array(second.unicodeScalars.prefix(64))
        var row = Array(0...b.count)
        for (i, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in b.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
