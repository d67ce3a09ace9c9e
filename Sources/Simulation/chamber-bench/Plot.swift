// A picture of the bench, bench/results/chamber.svg: the temperature under each control law, and the
// learner's regret beside its bound. Written by hand as SVG: lines, a frame, a few numbers.

import Bytes
import ChamberTrials
import Phi
import Simulation

struct Panel {
    struct Line {
        let name: String
        let color: String
        let values: [Double]
        var isDashed = false
    }

    let title: String
    /// What the whole width stands for, and its unit.
    let across: Double
    let unit: String
    let low: Double
    let high: Double
    /// Numbered lines across the panel.
    let marks: [Double]
    let lines: [Line]

    static let width = 1100.0
    static let height = 420.0
    private static let left = 70.0
    private static let top = 50.0
    private static let plotWidth = 780.0
    private static let plotHeight = 310.0

    func svg(at y: Double) -> String {
        func number(_ value: Double) -> String { Decimal.fixed(value, decimals: 1) }
        func place(_ value: Double) -> Double {
            Self.top + Self.plotHeight * (1 - clamp((value - low) / (high - low), 0...1))
        }
        var text = "<g transform=\"translate(0 \(number(y)))\">\n"
        text += "<text x=\"\(number(Self.left))\" y=\"30\" font-size=\"18\">\(title)</text>\n"
        text += "<rect x=\"\(number(Self.left))\" y=\"\(number(Self.top))\" width=\"\(number(Self.plotWidth))\" height=\"\(number(Self.plotHeight))\" fill=\"none\" stroke=\"#888\"/>\n"
        for mark in marks {
            let at = number(place(mark))
            text += "<path d=\"M\(number(Self.left)) \(at)h\(number(Self.plotWidth))\" stroke=\"#ddd\"/>\n"
            text += "<text x=\"\(number(Self.left - 8))\" y=\"\(at)\" dy=\"4\" text-anchor=\"end\">\(Decimal.fixed(mark, decimals: 0))</text>\n"
        }
        for part in 0...4 {
            let share = Double(part) / 4
            text += "<text x=\"\(number(Self.left + share * Self.plotWidth))\" y=\"\(number(Self.top + Self.plotHeight + 20))\" text-anchor=\"middle\">\(Decimal.fixed(share * across, decimals: 0)) \(unit)</text>\n"
        }
        for (index, line) in lines.enumerated() where line.values.count > 1 {
            var path = ""
            for (step, value) in line.values.enumerated() {
                let x = Self.left + Self.plotWidth * Double(step) / Double(line.values.count - 1)
                path += "\(path.isEmpty ? "M" : "L")\(number(x)) \(number(place(value)))"
            }
            let dash = line.isDashed ? " stroke-dasharray=\"6 4\"" : ""
            text += "<path d=\"\(path)\" fill=\"none\" stroke=\"\(line.color)\" stroke-width=\"1.5\"\(dash)/>\n"
            let at = Self.top + 14 + 24 * Double(index)
            let x = Self.left + Self.plotWidth + 16
            text += "<path d=\"M\(number(x)) \(number(at))h26\" stroke=\"\(line.color)\" stroke-width=\"3\"\(dash)/>\n"
            text += "<text x=\"\(number(x + 34))\" y=\"\(number(at + 4))\">\(line.name)</text>\n"
        }
        return text + "</g>\n"
    }

    static func page(_ panels: [Panel]) -> String {
        let tall = height * Double(panels.count)
        var text = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(width)) \(Int(tall))\" width=\"\(Int(width))\" height=\"\(Int(tall))\" font-family=\"sans-serif\" font-size=\"13\">\n"
        text += "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        for (index, panel) in panels.enumerated() { text += panel.svg(at: height * Double(index)) }
        return text + "</svg>\n"
    }

    /// One seed of each law on one board; step_wise and IPA as tuned in the comparison.
    static func heat(_ comparison: Comparison) -> Panel {
        func run(hasFirmware: Bool = true) -> HeatRun {
            HeatRun(
                comparison.board, comparison.ambient, durationS: Comparison.durationS,
                seed: Comparison.seeds[0], hasFirmware: hasFirmware, traces: true)
        }
        return Panel(
            title: "\(comparison.board.name), ambient \(comparison.ambient.name), full demand; plant fitted to a single board. °C",
            across: Comparison.durationS / 60, unit: "min", low: 40, high: 92,
            marks: [40, 50, 60, 70, 80, 90],
            lines: [
                Line(
                    name: "no control", color: "#999",
                    values: Trial.uncontrolled(run(hasFirmware: false)).traceC),
                Line(
                    name: "firmware 80–85 °C", color: "#c60",
                    values: Trial.uncontrolled(run()).traceC),
                Line(
                    name: "step_wise", color: "#393",
                    values: Trial.stepWise(run(), comparison.stepWiseLaw).traceC),
                Line(
                    name: "IPA", color: "#36c",
                    values: Trial.powerAllocator(run(), comparison.allocatorLaw).traceC),
                Line(
                    name: "chamber, 10 s", color: "#c03",
                    values: Trial.chamber(run(), intervalS: 10, stepS: 2, scalesFrequency: true).traceC),
            ])
    }

    static func regret(segments: Int, rounds: Int, lead: Double) -> Panel {
        let result = RegretTrial.run(segments: segments, roundsEach: rounds, lead: lead, seed: 3)
        let every = max(1, result.course.count / 400)
        func thinned(_ values: [Double]) -> [Double] {
            values.indices.filter { $0 % every == 0 }.map { values[$0] }
        }
        let bounds = result.course.indices.map {
            RegretTrial.bound(rounds: $0 + 1, segments: $0 / rounds + 1)
        }
        let high = (result.bound / 100).rounded(.up) * 100
        return Panel(
            title: "Regret of the slot learner; the best expert changes each \(rounds) rounds, its lead is \(Decimal.fixed(lead, decimals: 1)). Summed loss",
            across: Double(result.rounds), unit: "", low: 0, high: high,
            marks: (0...4).map { high * Double($0) / 4 },
            lines: [
                Line(name: "bound of fixed share", color: "#999", values: thinned(bounds), isDashed: true),
                Line(name: "learner", color: "#c03", values: thinned(result.course)),
            ])
    }
}
