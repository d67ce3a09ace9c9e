// How the demo looks: a picture redrawn in place on a terminal, columns into a pipe.
//
// The picture takes 20 lines of at most 80 columns and shrinks with the terminal; colour is left out
// where NO_COLOR is set (https://no-color.org). It uses no cursor that has to be given back: Ctrl-C at
// any moment leaves the terminal in order.

import Bytes
import Chamber
import Model

struct DemoView {
    enum Form {
        /// One line a cycle.
        case lines
        case picture(columns: Int, isColoured: Bool)
    }

    private let form: Form
    private var temperatures: [Double] = []
    private var factors: [Double] = []

    /// Narrower than this, the picture can't be read; lines wrap by themselves.
    static let columnsLeast = 60

    init(_ form: Form) { self.form = form }

    /// The form for an output.
    static func form(
        isTerminal: Bool, columns: Int?, terminal: String?, noColour: String?
    ) -> Form {
        let columns = columns ?? 80
        let isDumb = terminal.map { Text.equal($0, "dumb") } ?? true
        guard isTerminal, !isDumb, columns >= columnsLeast else { return .lines }
        return .picture(columns: min(80, columns), isColoured: (noColour ?? "").isEmpty)
    }

    var opening: String {
        if case .picture = form { return "\u{1b}[2J\u{1b}[H" }
        return "phi-agent demo: a simulated board, a line for each of its seconds\n"
    }

    var closing: String {
        let next = "phi-agent decide --help: the same for figures of your own\n"
        if case .picture = form { return "\n" + next }
        return "\n" + next
    }

    mutating func begin(_ scene: Demo.Scene) -> String {
        if case .picture = form { return "" }
        return "\n\(scene.name): \(scene.tells)\n"
            + "    s  state         °C  factor  bits  confidence  80 °C in  triggers\n"
    }

    /// One cycle. - Parameter index: the scene's place in `Demo.scenes`.
    mutating func show(
        _ index: Int, _ decision: Decision, _ status: ChamberStatus, seconds: Int64
    ) -> String {
        temperatures.append(status.temperatureC ?? 0)
        factors.append(decision.factor)
        guard case .picture(let columns, let isColoured) = form else {
            return line(decision, status, seconds)
        }
        var canvas = Canvas(columns: columns, isColoured: isColoured)
        draw(index, decision, status, seconds, on: &canvas)
        return "\u{1b}[H" + canvas.text + "\u{1b}[J"
    }

    // MARK: Lines

    private func line(_ decision: Decision, _ status: ChamberStatus, _ seconds: Int64) -> String {
        let celsius = status.temperatureC.map { Decimal.fixed($0, decimals: 1) } ?? "–"
        let soon = status.secondsToSoftLimit.map { Decimal.fixed($0, decimals: 0) + " s" } ?? "–"
        var text = Canvas.right("\(seconds)", 5) + "  " + Canvas.left(decision.state.name, 10)
        text += Canvas.right(celsius, 6) + Canvas.right(Decimal.fixed(decision.factor, decimals: 3), 8)
        text += Canvas.right("\(decision.bitDepth.rawValue)", 6)
        text += Canvas.right(Decimal.fixed(decision.confidence.value, decimals: 2), 12)
        text += Canvas.right(soon, 10) + "  " + Self.names(decision.triggers)
        return Canvas.trimmed(text) + "\n"
    }

    private static func names(_ triggers: Triggers) -> String {
        var text = ""
        for name in triggers.names { text += text.isEmpty ? name : ", \(name)" }
        return text
    }

    // MARK: Picture

    private func draw(
        _ index: Int, _ decision: Decision, _ status: ChamberStatus, _ seconds: Int64,
        on canvas: inout Canvas
    ) {
        let scene = Demo.scenes[index]
        canvas.add("phi-agent demo, a simulated board: second \(seconds)", .bold)
        canvas.end()
        for (place, other) in Demo.scenes.enumerated() {
            canvas.add(place == 0 ? "" : "  ")
            canvas.add("\(place + 1) \(other.name)", place == index ? .reverse : .faint)
        }
        canvas.end()
        canvas.end()
        canvas.add("\(scene.tells)")
        canvas.end()
        canvas.end()
        let celsius = status.temperatureC ?? 0
        canvas.label("state")
        canvas.add(Canvas.left(decision.state.name, 14), Self.colour(decision.state))
        canvas.add("operating coherence \(Decimal.fixed(decision.operatingCoherence, decimals: 2))")
        canvas.end()
        canvas.label("temperature")
        canvas.bar((celsius - 40) / 45, celsius >= 80 ? .red : celsius >= 70 ? .yellow : .green)
        canvas.add(" \(Decimal.fixed(celsius, decimals: 1)) °C")
        let soon = status.secondsToSoftLimit.map { "80 °C in \(Decimal.fixed($0, decimals: 0)) s" }
        canvas.add("   \(soon ?? "80 °C not in sight")")
        canvas.end()
        canvas.label("factor")
        canvas.bar(decision.factor / 3, decision.factor < 1 ? .yellow : .green)
        canvas.add(" \(Decimal.fixed(decision.factor, decimals: 3))")
        canvas.end()
        canvas.label("memory")
        canvas.add(
            Canvas.left("× \(Decimal.fixed(decision.memoryAdjustment, decimals: 3))", 14)
                + "ceiling \(decision.memoryCeilingBytes >> 20) MiB")
        canvas.end()
        canvas.label("bits")
        canvas.add(
            Canvas.left("\(decision.bitDepth.rawValue)", 14)
                + "confidence \(Decimal.fixed(decision.confidence.value, decimals: 3))"
                + (decision.isApplicable ? "" : ": not applied"))
        canvas.end()
        canvas.label("slot")
        canvas.add(Canvas.left("\(decision.slot)", 14) + "\(status.learnedSlots) learned")
        canvas.end()
        canvas.label("triggers")
        let names = Self.names(decision.triggers)
        canvas.add(names.isEmpty ? "none" : names)
        canvas.end()
        canvas.end()
        canvas.add("  expert          vote  weight  own factor", .faint)
        canvas.end()
        for (expert, vote) in zip(Expert.allCases, decision.votes) {
            canvas.label("\(expert.name)")
            canvas.add(
                Canvas.right(Decimal.fixed(vote.exponent, decimals: 3), 6)
                    + Canvas.right(Decimal.fixed(vote.weight, decimals: 2), 8)
                    + Canvas.right(Decimal.fixed(vote.factor, decimals: 3), 12),
                vote.exponent == 0 ? .faint : .plain)
            canvas.end()
        }
        canvas.end()
        canvas.label("°C, 40…85")
        canvas.curve(temperatures, 40...85)
        canvas.end()
        canvas.label("factor, 0…2")
        canvas.curve(factors, 0...2)
        canvas.end()
    }

    private static func colour(_ state: OperatingState) -> Canvas.Style {
        switch state {
        case .superposed: .faint
        case .collapsed: .red
        case .coherent: .green
        case .decoherent: .yellow
        }
    }
}
