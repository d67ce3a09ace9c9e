// The replay as an SVG: bytes taken over values admitted, against both baselines.

import Bytes
import TensorPool

extension ReplayReport {
    private static let (width, height) = (960.0, 420.0)
    private static let (left, right, top, bottom) = (80.0, 24.0, 48.0, 48.0)

    public func svg() -> String {
        let budget = Double(account.budgetBytes)
        let most = Double(max(1, curve.last?.values ?? 1))
        var out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 420\" "
        out += "font-family=\"system-ui, sans-serif\" font-size=\"13\">\n"
        out += "<rect width=\"960\" height=\"420\" fill=\"#ffffff\"/>\n"
        out += "<text x=\"80\" y=\"28\" font-size=\"16\">Budget filled: "
        out += "\(Decimal.fixed(extensionFactor(bits: 81, withTimes: true), decimals: 1))× the runtime "
        out += "of 81-bit values, \(Decimal.fixed(extensionFactor(bits: 64, withTimes: true), decimals: 1))× "
        out += "of 64-bit values</text>\n"
        for share in [0.0, 0.25, 0.5, 0.75, 1] {
            let y = place(0, share, most: 1).1
            out += "<line x1=\"80\" x2=\"936\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#dddddd\"/>"
            out += "<text x=\"72\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">"
            out += "\(Decimal.fixed(share * budget / 1024, decimals: 0)) KiB</text>\n"
        }
        for share in [0.0, 0.25, 0.5, 0.75, 1] {
            let x = place(share, 0, most: 1).0
            out += "<text x=\"\(x)\" y=\"396\" text-anchor=\"\(share == 1 ? "end" : "middle")\">"
            out += "\(UInt64(share * most))</text>"
        }
        out += "<text x=\"508\" y=\"414\" text-anchor=\"middle\">values</text>\n"
        out += baseline(bits: 81, colour: "#b3261e", most: most, budget: budget)
        out += baseline(bits: 64, colour: "#c77700", most: most, budget: budget)
        out += "<polyline fill=\"none\" stroke=\"#1a5fb4\" stroke-width=\"2.5\" points=\"80,372 "
        for point in curve {
            let at = place(Double(point.values), min(1, Double(point.bytes) / budget), most: most)
            out += "\(at.0),\(at.1) "
        }
        out += "\"/>\n"
        // Where the pool's curve isn't: it ends in the upper half or in the lower one.
        let isHigh = Double(curve.last?.bytes ?? 0) > budget / 2
        let y = isHigh ? 300.0 : 80
        out += legend("#b3261e", "81 bits fixed: full after \(UInt64(budget * 8 / 81)) values", y)
        out += legend("#c77700", "64 bits fixed: full after \(UInt64(budget * 8 / 64)) values", y + 22)
        let last = curve.last?.values ?? 0
        let end = isExhausted ? "full after \(last)" : "not full after \(last)"
        out += legend("#1a5fb4", "tensor pool: \(end) values", y + 44)
        return out + "</svg>\n"
    }

    private func legend(_ colour: StaticString, _ text: String, _ y: Double) -> String {
        var out = "<line x1=\"620\" x2=\"644\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"\(colour)\" "
        out += "stroke-width=\"2.5\"/>"
        return out + "<text x=\"652\" y=\"\(y)\" dy=\"4\">\(text)</text>\n"
    }

    private func place(_ value: Double, _ share: Double, most: Double) -> (Double, Double) {
        let x = Self.left + value / most * (Self.width - Self.left - Self.right)
        let y = Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
        // Two decimals are enough for a screen.
        return (Double(Int(x * 100)) / 100, Double(Int(y * 100)) / 100)
    }

    private func baseline(
        bits: Double, colour: StaticString, most: Double, budget: Double
    ) -> String {
        let full = min(most, budget * 8 / bits)
        let start = place(0, 0, most: most)
        let end = place(full, full * bits / 8 / budget, most: most)
        let out = "<line x1=\"\(start.0)\" y1=\"\(start.1)\" x2=\"\(end.0)\" y2=\"\(end.1)\" "
        return out + "stroke=\"\(colour)\" stroke-width=\"2\"/>\n"
    }
}
