// Every named metric in rows, from the JSON that `decide --json` prints and decision.json holds: one
// form of the figures, so that the table can't say another thing than the file. "–" is "no data".

import Bytes
import Model

struct MetricsTable {
    private var json = FlatJSON()
    private(set) var text = ""

    /// All sections, after what the caller put above them.
    mutating func show(_ json: FlatJSON) {
        self.json = json
        observer()
        coherence()
        activation()
        experts()
        decision()
        heat()
        pool()
        control()
    }

    // MARK: Sections

    private mutating func observer() {
        head("Observer")
        var machine = json.text("hardware.model") ?? "–"
        if let profile = json.text("profile") { machine += ", profile \(profile)" }
        row("machine", machine)
        row(
            "CPU, memory",
            "\(figure("hardware.cpuCores", 0)) cores, \(figure("hardware.cpuMaxMHz", 0)) MHz, "
                + "\(bytes("hardware.memoryBytes"))")
        if let name = json.text("hardware.gpu.name") {
            row(
                "GPU",
                "\(name), \(json.text("hardware.gpu.tier") ?? "–"), memory "
                    + "\(figure("hardware.gpu.memoryGB", 1)) GB, cores \(figure("hardware.gpu.cores", 0))")
        } else {
            row("GPU", "none")
        }
        row("hardware hash", digest("hardware.hash"))
        row("hardware class", digest("hardware.class"))
        row("state", state)
        row(
            "GPU score",
            "\(figure("scores.gpu"))   before the tier's weight \(figure("scores.gpuUntiered"))")
        row("RAM score", figure("scores.memory"))
        row("CPU score", figure("scores.cpu"))
        row("entanglement strength", figure("entanglementStrength"))
        row("observer phase", "\(figure("observerPhase")) rad")
        row("quantum phase", "\(figure("quantumPhase")) rad")
    }

    /// With why nothing is applied, where that is for want of a reading.
    private var state: String {
        guard let state = json.text("state") else { return "–" }
        guard Text.equal(state, "superposed") else { return state }
        if json.number("heat.temperatureC") == nil { return "superposed: there is no temperature" }
        if json.number("coherenceParts.availableMemory") == nil { return "superposed: memory isn't known" }
        return state
    }

    private mutating func coherence() {
        head("Channels and coherence")
        channel("positive (E-Logic)", "positive")
        channel("negative (D-Memory)", "negative")
        channel("zero point (F-Noise)", "zeroPoint")
        row("harmonic coherence", "\(figure("harmonicCoherence"))   raw \(figure("harmonicCoherenceRaw"))")
        row("capacity coherence", figure("capacityCoherence"))
        row("operating coherence", figure("operatingCoherence"))
        row("  available memory", figure("coherenceParts.availableMemory"))
        row("  achievable frequency", figure("coherenceParts.achievableFrequency"))
        row("  healthy sensors", figure("coherenceParts.healthySensors"))
        row("  calm share", figure("coherenceParts.calm"))
        row("decoherence", figure("decoherence"))
    }

    private mutating func channel(_ label: String, _ name: String) {
        row(label, "\(figure("channels.\(name)"))   clamped \(figure("channelsClamped.\(name)"))")
    }

    private mutating func activation() {
        head("Hash activation")
        row("activation", digest("activation"))
        row("slot", "\(figure("slot", 0)) of 256, \(figure("learnedSlots", 0)) learned")
        row("phase", "\(figure("phase")) rad")
        var lanes = ""
        for item in json.items("lanes") { lanes += lanes.isEmpty ? figure(item) : " \(figure(item))" }
        row("lanes", lanes.isEmpty ? "–" : lanes)
        row("chain head", digest("chainHead"))
    }

    private mutating func experts() {
        head("Experts")
        text += "  " + Self.cells(["expert", "signal", "vote", "weight", "weighted", "own factor"])
        for expert in Expert.allCases {
            var name = "\(expert.name)"
            if expert == .entropy, json.isTrue("signals.entropyEstimated") { name += " (estimated)" }
            let signal = expert == .hardware ? "" : figure("signals.\(expert.name)")
            let vote = "votes.\(expert.name)"
            text += "  "
                + Self.cells([
                    name, signal, figure("rawVotes.\(expert.name)"), figure("\(vote).weight"),
                    figure("\(vote).exponent"), figure("\(vote).factor"),
                ])
        }
        row("memory pressure", figure("signals.memoryPressure"))
    }

    private static func cells(_ cells: [String]) -> String {
        var line = Canvas.left(cells.first ?? "", 23)
        for cell in cells.dropFirst() {
            line += " " + Canvas.right(cell, 10)
        }
        return line + "\n"
    }

    private mutating func decision() {
        head("Decision")
        row("exponent", figure("exponent"))
        row("factor", figure("factor"))
        row("confidence", figure("confidence.value"))
        row("  signal quality", figure("confidence.signalQuality"))
        row("  agreement", figure("confidence.agreement"))
        row("  predictor quality", figure("confidence.predictorQuality"))
        row("applicable", json.isTrue("applicable") ? "yes" : "no")
        var triggers = ""
        for item in json.items("triggers") {
            let name = json.text(item) ?? ""
            triggers += triggers.isEmpty ? name : ", \(name)"
        }
        row("triggers", triggers.isEmpty ? "none" : triggers)
        row("memory adjustment", figure("memoryAdjustment"))
        row("memory ceiling", bytes("memoryCeilingBytes"))
        row("bit depth", figure("bitDepth", 0))
    }

    private mutating func heat() {
        head("Heat")
        row("temperature", "\(figure("heat.temperatureC", 1)) °C")
        let limit = figure("heat.softLimitC", 0)
        if let seconds = json.number("heat.secondsToSoftLimit") {
            row("seconds to \(limit) °C", Decimal.fixed(seconds, decimals: 0))
        } else {
            let isBlind = json.number("heat.temperatureC") == nil
            row("seconds to \(limit) °C", isBlind ? "–" : "not in sight")
        }
        if let share = json.number("heat.heatBudget") {
            let fixed = Decimal.fixed(share, decimals: 3)
            row("heat budget", share < 1 ? "\(fixed) of all work" : "\(fixed), holds nothing back")
        } else {
            row("heat budget", "– (no proven model of this board yet)")
        }
        row("forecast error", "\(figure("heat.forecastErrorC", 2)) °C at 30 s")
    }

    private mutating func pool() {
        guard json["pool.budgetBytes"] != nil else { return }
        head("Tensor pool")
        row("held of budget", "\(bytes("pool.heldBytes")) of \(bytes("pool.budgetBytes"))")
        row("values", "\(figure("pool.valuesAdmitted", 0)) admitted, \(figure("pool.refused", 0)) refused")
        if let high = json.number("pool.dropped.high") {
            let rest = "\(figure("pool.dropped.low", 0)) low, \(figure("pool.dropped.normal", 0)) normal"
            row("gave way to newer", "\(rest), \(Decimal.fixed(high, decimals: 0)) high")
        }
        let basis = json.text("pool.basis") ?? "–"
        row("runtime extension", "× \(figure("pool.extension64", 2)) on 64 bits, × "
            + "\(figure("pool.extension81", 2)) on 81 (\(basis))")
        row("runtime", "\(figure("pool.runtimeHours", 1)) h, baseline \(figure("pool.baselineHours", 1)) h")
        row("high values", "\(figure("pool.highValues", 0)), degraded \(figure("pool.highValuesDegraded", 0))")
        row("worst error bound", "\(figure("pool.worstErrorBound", 6)) of full scale")
        row(
            "tiers 81/16/8",
            "\(figure("pool.share81", 2)) / \(figure("pool.share16", 2)) / \(figure("pool.share8", 2))")
        row("compression ratio", figure("pool.compressionRatio"))
        row("φ-alignment", figure("pool.phiAlignment"))
        row("bit scaling efficiency", figure("pool.bitScalingEfficiency"))
    }

    private mutating func control() {
        let planned = json.items("wouldApply", "file")
        if json["wouldApply.0.file"] != nil || json["oneShot"] != nil {
            head("To a governed group this would write")
            if planned.isEmpty { row("nothing", "the decision isn't applicable") }
            for item in planned { row(json.text("\(item).file") ?? "", json.text("\(item).value") ?? "") }
        }
        guard let mode = json.text("controlMode") else { return }
        head("Controls")
        row("mode", mode)
        if let group = json.text("group") { row("group", "\(group), by \(json.text("governedBy") ?? "–")") }
        for item in json.items("limits", "file") {
            let original = json.text("\(item).original") ?? "–"
            row(json.text("\(item).file") ?? "", "\(json.text("\(item).value") ?? "–")   before: \(original)")
        }
        for item in json.items("controls", "file") {
            let outcome = json.text("\(item).outcome") ?? ""
            if let why = json.text("\(item).reason") {
                row(json.text("\(item).file") ?? "", "\(outcome): \(why)")
            }
        }
    }

    // MARK: Rows

    mutating func head(_ title: String) { text += (text.isEmpty ? "" : "\n") + title + "\n" }

    mutating func row(_ label: String, _ value: String) {
        text += "  " + Canvas.left(label, 22) + " " + value + "\n"
    }

    private func figure(_ path: String, _ decimals: Int = 3) -> String {
        json.number(path).map { Decimal.fixed($0, decimals: decimals) } ?? "–"
    }

    private func bytes(_ path: String) -> String {
        guard let count = json.number(path) else { return "–" }
        if count >= 1_073_741_824 { return "\(Decimal.fixed(count / 1_073_741_824, decimals: 2)) GiB" }
        if count >= 1_048_576 { return "\(Decimal.fixed(count / 1_048_576, decimals: 1)) MiB" }
        return "\(Decimal.fixed(count / 1024, decimals: 1)) KiB"
    }

    private func digest(_ path: String) -> String {
        json.text(path).map { Text.string(Array($0.utf8).prefix(32)) + "…" } ?? "–"
    }
}
