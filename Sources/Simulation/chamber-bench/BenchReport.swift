// Tables for people, lines for machines. A goal that isn't met is printed as such.

import Bytes
import CMeasure
import ChamberTrials
import Phi
import Simulation
import System

struct BenchReport {
    private(set) var lines = ""
    private var panels: [Panel] = []

    /// The picture of what was compared and learned.
    var picture: String {
        Panel.page(panels + [Panel.regret(segments: 8, rounds: 512, lead: 0.2)])
    }

    private static let command = "make bench-chamber"

    private mutating func figure(
        _ name: String, _ value: Double, unit: String, spread: Double? = nil, goal: String,
        met: Bool?, peer: String? = nil, peerValue: Double? = nil, runs: Int
    ) {
        var json = JSONWriter()
        json.beginObject()
        json.value("chamber", "bench")
        json.value(name, "figure")
        json.value(value, "value")
        json.value(unit, "unit")
        if let spread { json.value(spread, "spread") } else { json.null("spread") }
        json.value(goal, "goal")
        if let met { json.value(met, "met") } else { json.null("met") }
        if let peer { json.value(peer, "peer") } else { json.null("peer") }
        if let peerValue {
            json.value(peerValue, "peer_value")
            json.value(peerValue == 0 ? 0 : value / peerValue, "ratio")
        } else {
            json.null("peer_value")
            json.null("ratio")
        }
        json.value(runs, "runs")
        json.value(Self.command, "command")
        json.endObject()
        lines += json.text + "\n"
    }

    private func say(_ text: String) { Standard.output(text + "\n") }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private func mark(_ met: Bool) -> String { met ? "met" : "NOT MET" }

    mutating func compare() {
        say("Closed loop: an hour of full demand; plants fitted to single boards, noise 0.31 °C, steps of 0.54 °C.")
        say("Work is cores × frequency as a share of full speed; means of \(Comparison.seeds.count) seeds.")
        say("step_wise and IPA are tuned for each case on seeds of their own; the chamber has nothing to tune.\n")
        for board in [HeatBoard.zero2W, .pi4] {
            let power = board.stepsGHz.indices.map {
                "\(Decimal.fixed(board.stepsGHz[$0], decimals: 1)) GHz \(Decimal.fixed(board.heat(step: $0), decimals: 3))"
            }
            say("\(board.name): heat by step (assumed voltages): \(power.joined(separator: ", "))")
            for ambient in [Ambient.hot, .ramp] { scenario(board, ambient) }
        }
    }

    private mutating func scenario(_ board: HeatBoard, _ ambient: Ambient) {
        let all = Comparison(board, ambient)
        panels.append(Panel.heat(all))
        say("\n\(board.name), ambient \(ambient.name)")
        say(padded("  law", 56) + "work   of best  core·GHz·s  s above 80   hottest °C")
        for line in all.lines {
            say(
                padded("  \(line.name)", 56) + Decimal.fixed(line.workShare, decimals: 4) + " "
                    + padded(Decimal.fixed(line.workShare / all.best.workShare, decimals: 4), 9)
                    + padded(Decimal.fixed(line.work, decimals: 0), 12)
                    + padded(Decimal.fixed(line.secondsAbove, decimals: 1), 13)
                    + Decimal.fixed(line.hottestC, decimals: 2))
        }
        say("  no schedule can do more than \(Decimal.fixed(all.bound, decimals: 4)) (dual bound, blocks of 5 s)")
        let place = "\(board.name), \(ambient.name)"
        let runs = Comparison.seeds.count
        let heat = all.ours.secondsAbove / all.uncontrolled.secondsAbove
        figure(
            "seconds above 80 °C: \(place)", heat, unit: "share of uncontrolled", goal: "< 0.01",
            met: heat < 0.01, peer: "no control", peerValue: 1, runs: runs)
        let most = max(all.best.workShare, all.bound)
        let share = all.ours.workShare / most
        figure(
            "work: \(place)", share, unit: "share of the best schedule",
            spread: all.ours.workSpread, goal: ">= 0.9", met: share >= 0.9, peer: "best schedule",
            peerValue: 1, runs: runs)
        say("  above 80 °C \(Decimal.fixed(100 * heat, decimals: 2)) % of uncontrolled: \(mark(heat < 0.01)); work \(Decimal.fixed(100 * share, decimals: 1)) % of the best: \(mark(share >= 0.9))")
        for peer in [all.stepWise, all.allocator] {
            let isAhead = all.isAhead(of: peer)
            figure(
                "work beside \(peer.name): \(place)", all.ours.workShare, unit: "share of full speed",
                spread: all.ours.workSpread, goal: "more work, no more seconds above", met: isAhead,
                peer: peer.name, peerValue: peer.workShare, runs: runs)
            say("  more work than \(peer.name) at no more seconds above: \(mark(isAhead))")
        }
        let slow = all.oursSlow.secondsAbove / all.uncontrolled.secondsAbove
        figure(
            "seconds above 80 °C, a decision each 10 s: \(place)", slow,
            unit: "share of uncontrolled", goal: "< 0.01", met: slow < 0.01, runs: runs)
        figure(
            "work, a decision each 10 s: \(place)", all.oursSlow.workShare / most,
            unit: "share of the best schedule", goal: ">= 0.9",
            met: all.oursSlow.workShare / most >= 0.9, runs: runs)
        let byTime = all.bestByTime.workShare / most
        let own = all.oursByTime.workShare / all.bestByTime.workShare
        say("  cpu.max alone can do no more than \(Decimal.fixed(100 * byTime, decimals: 1)) % of the best; the chamber does \(Decimal.fixed(100 * own, decimals: 1)) % of that: \(mark(own >= 0.9))")
        figure(
            "work by cpu.max alone: \(place)", all.oursByTime.workShare / most,
            unit: "share of the best schedule", goal: ">= 0.9",
            met: all.oursByTime.workShare / most >= 0.9, peer: "best of core time alone",
            peerValue: byTime, runs: runs)
        figure(
            "work by cpu.max alone: \(place)", own, unit: "share of the best by core time",
            goal: ">= 0.9", met: own >= 0.9, runs: runs)
    }

    /// Seeds and ambients that the chamber's constants weren't found by.
    mutating func compareHeldOut() {
        let seeds = Comparison.heldOutSeeds
        say("\n\nHeld out: other ambients, \(seeds.count) other seeds; work as a share of full speed / seconds above 80 °C")
        say(padded("  board", 11) + padded("ambient", 12) + padded("no control", 18) + padded("step_wise", 18) + padded("IPA", 18) + padded("chamber, 1 s", 18) + "chamber, 10 s")
        for board in [HeatBoard.zero2W, .pi4] {
            for ambient in Comparison.heldOutAmbients {
                let all = Comparison(board, ambient, seeds: seeds)
                func cell(_ line: Comparison.Line) -> String {
                    padded(
                        "\(Decimal.fixed(line.workShare, decimals: 4)) / \(Decimal.fixed(line.secondsAbove, decimals: 1))",
                        18)
                }
                let met = all.isAhead(of: all.stepWise) && all.isAhead(of: all.allocator)
                var row = padded("  \(board.name)", 11) + padded(ambient.name, 12)
                row += cell(all.uncontrolled) + cell(all.stepWise) + cell(all.allocator)
                say(row + cell(all.ours) + cell(all.oursSlow) + mark(met))
                let place = "\(board.name), \(ambient.name)"
                for peer in [all.stepWise, all.allocator] {
                    figure(
                        "held out, work beside \(peer.name): \(place)", all.ours.workShare,
                        unit: "share of full speed", spread: all.ours.workSpread,
                        goal: "more work, no more seconds above", met: all.isAhead(of: peer),
                        peer: peer.name, peerValue: peer.workShare, runs: seeds.count)
                }
            }
        }
    }

    mutating func predict() {
        say("\n\nSeconds to 80 °C, asked 60 s before the crossing, after 5 min of changing load; ambients 40–50 °C")
        say(padded("  board", 12) + padded("asked each", 12) + padded("reading each", 14) + padded("trials", 8) + padded("within 20 %", 13) + "median error")
        for board in [HeatBoard.zero2W, .pi4] {
            for (intervalS, stepS) in [(1.0, 1.0), (2, 2), (10, 2), (10, 5), (10, 10)] {
                let result = PredictionTrial.run(
                    board, count: 800, ambientC: 40...50, intervalS: intervalS, stepS: stepS, seed: 7)
                let met = result.withinFifth >= 0.9
                say(
                    padded("  \(board.name)", 12)
                        + padded("\(Decimal.fixed(intervalS, decimals: 0)) s", 12)
                        + padded("\(Decimal.fixed(stepS, decimals: 0)) s", 14)
                        + padded("\(result.trials)", 8)
                        + padded("\(Decimal.fixed(100 * result.withinFifth, decimals: 1)) %", 13)
                        + "\(Decimal.fixed(100 * result.medianError, decimals: 1)) %  \(mark(met))")
                figure(
                    "seconds to 80 °C within 20 %: \(board.name), asked each \(Decimal.fixed(intervalS, decimals: 0)) s, readings each \(Decimal.fixed(stepS, decimals: 0)) s",
                    result.withinFifth, unit: "share of trials", goal: ">= 0.9", met: met,
                    runs: result.trials)
            }
        }
    }

    mutating func learn() {
        say("\n\nRegret of the slot learner on streams whose best expert changes (fixed share)")
        say(padded("  segments × rounds", 22) + padded("lead", 7) + padded("learner", 10) + padded("best/segment", 14) + padded("best fixed", 12) + padded("uniform", 10) + padded("regret", 9) + "bound")
        for (segments, rounds) in [(1, 2048), (4, 512), (8, 512), (16, 256), (32, 128)] {
            for lead in [0.05, 0.2, 0.3] {
                let result = RegretTrial.run(
                    segments: segments, roundsEach: rounds, lead: lead, seed: 3)
                var row = padded("  \(segments) × \(rounds)", 22)
                row += padded(Decimal.fixed(lead, decimals: 2), 7)
                row += padded(Decimal.fixed(result.learner, decimals: 1), 10)
                row += padded(Decimal.fixed(result.bestPerSegment, decimals: 1), 14)
                row += padded(Decimal.fixed(result.bestFixed, decimals: 1), 12)
                row += padded(Decimal.fixed(result.uniform, decimals: 1), 10)
                row += padded(Decimal.fixed(result.regret, decimals: 1), 9)
                row += Decimal.fixed(result.bound, decimals: 1) + "  "
                say(row + mark(result.regret <= result.bound))
                figure(
                    "regret: \(segments) × \(rounds), lead \(Decimal.fixed(lead, decimals: 2))", result.regret,
                    unit: "summed loss", goal: "<= bound of fixed share", met: result.regret <= result.bound,
                    peer: "bound", peerValue: result.bound, runs: 1)
            }
        }
    }

    /// - Parameter counts: lines "name number" as toolchains/count-cycles.sh prints them, or "why text".
    mutating func cost(_ counts: [UInt8]?) {
        say("\n\nA decision cycle, in instructions of this machine, SHA instructions masked, no system calls in it")
        var why = "no counts were given: --counts FILE"
        var found: [String: Int] = [:]
        for line in (counts ?? []).split(separator: 0x0a) {
            let words = line.split(separator: 0x20, maxSplits: 1)
            guard words.count == 2 else { continue }
            if let number = Text.integer(words[1]) { found[Text.string(words[0])] = Int(number) }
            if Text.equal(words[0], "why") { why = Text.string(words[1]) }
        }
        for (name, figureName, most) in [
            ("cycle", "instructions a decision cycle", 20_000.0 as Double?),
            ("step", "instructions a thermal step more", nil),
        ] {
            guard let number = found[name] else {
                missing(figureName, why: why)
                say("  \(figureName): not counted (\(why))")
                continue
            }
            let met = most.map { Double(number) <= $0 }
            figure(
                figureName, Double(number), unit: "instructions", goal: most == nil ? "none" : "<= 20000",
                met: met, runs: 2048)
            say("  \(figureName): \(number)  \(met.map { mark($0) } ?? "")")
        }
    }

    /// Allocations of decision cycles after warm-up, by this program's own counter.
    mutating func allocate() {
        for steps in [0, 4] {
            var trial = CycleTrial(steps: steps)
            trial.run(cycles: CycleTrial.warmUp)
            let before = cmeasure_allocations()
            trial.run(cycles: 4 * CycleTrial.period)
            let count = Double(cmeasure_allocations() - before)
            let name = "allocations in \(4 * CycleTrial.period) decision cycles after warm-up, \(steps) thermal steps each"
            figure(name, count, unit: "allocations", goal: "0", met: count == 0, runs: 1)
            say("  \(name): \(Int(count))  \(mark(count == 0))")
        }
    }

    /// A figure that could not be taken.
    private mutating func missing(_ name: String, why: String) {
        var json = JSONWriter()
        json.beginObject()
        json.value("chamber", "bench")
        json.value(name, "figure")
        json.null("value")
        json.value(why, "why")
        json.value(Self.command, "command")
        json.endObject()
        lines += json.text + "\n"
    }
}
