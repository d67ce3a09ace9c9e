// `phi-agent demo`: the chamber walks through five scenes before your eyes.
//
// Normal, volatile, hot, profitable, and a hardware change: the scenes of the source documents, played
// on a small board model (two poles, as of a bare Raspberry Pi 4 in a hot case) with the real chamber
// in the loop. Simulated time: a cycle stands for a second. On a terminal the picture is redrawn in
// place; into a pipe it is one line a cycle, so that a test can read it. Nothing of the machine it runs
// on is read or governed.

import Bytes
import Chamber
import Model
import Phi
import System

struct Demo {
    struct Scene {
        let name: StaticString
        let tells: StaticString
        let seconds: Int
        let entropy: Double
        let value: Double
        /// Share of the cores wanted.
        let demand: Double
        let ambientC: Double
    }

    static let scenes: [Scene] = [
        Scene(
            name: "normal", tells: "neutral signals: nothing is held back, the factor is exactly 1",
            seconds: 40, entropy: 0.5, value: 0.5, demand: 0.3, ambientC: 26),
        Scene(
            name: "volatile", tells: "entropy is high: its expert votes for more",
            seconds: 30, entropy: 0.95, value: 0.5, demand: 0.4, ambientC: 26),
        Scene(
            name: "hot", tells: "full load in a hot case: the thermal mirror keeps the soft limit",
            seconds: 240, entropy: 0.5, value: 0.5, demand: 1, ambientC: 43),
        Scene(
            name: "profitable", tells: "value is high: more work, more memory, 81 bits",
            seconds: 40, entropy: 0.5, value: 0.95, demand: 0.5, ambientC: 24),
        Scene(
            name: "hardware-change", tells: "another board: collapse, new parameters, a vote that decays",
            seconds: 30, entropy: 0.5, value: 0.5, demand: 0.3, ambientC: 24),
    ]

    /// Pause between cycles, ms; 0 prints at once.
    let pauseMs: Int64
    let isTerminal: Bool
    let write: (String) -> Void

    private var chamber = Chamber()
    private var fastC = 0.0
    private var slowC = 0.0
    private var share = 1.0
    private var ambientC = 26.0
    private var ms: Int64 = 0
    private var hardware = HardwareRecord(
        model: "Raspberry Pi 4 Model B (demo)", serial: "demo", cpuCores: 4, cpuMaxMHz: 1800,
        memoryBytes: 4 << 30)

    init(pauseMs: Int64, isTerminal: Bool, write: @escaping (String) -> Void) {
        self.pauseMs = pauseMs
        self.isTerminal = isTerminal
        self.write = write
    }

    mutating func run() {
        if isTerminal { write("\u{1b}[2J") }
        for (index, scene) in Self.scenes.enumerated() {
            if index == Self.scenes.count - 1 {
                hardware.model = "Raspberry Pi 5 Model B (demo)"
                hardware.cpuMaxMHz = 2400
                hardware.memoryBytes = 16 << 30
            }
            if !isTerminal { write("\(scene.name): \(scene.tells)\n") }
            for second in 0..<scene.seconds {
                let decision = cycle(scene)
                write(isTerminal ? picture(scene, decision) : line(scene, decision, second))
                if pauseMs > 0 { Clock.sleep(ms: pauseMs) }
            }
        }
    }

    /// One simulated second: the board heats by what it does, and the chamber decides.
    private mutating func cycle(_ scene: Scene) -> Decision {
        ms += 1000
        let busy = min(scene.demand, share)
        fastC += (busy * 9.3 - fastC) * 0.24
        slowC += (busy * 16.1 - slowC) * 0.0105
        // A case warms up in a minute or so.
        ambientC += (scene.ambientC - ambientC) * 0.02
        let celsius = 19.7 + ambientC + fastC + slowC
        var sample = Sample(instant: Instant(monotonicMs: ms, wallMs: ms, isSynced: true))
        // The sensor's steps of 0.54 °C.
        let steps = (celsius / 0.538).rounded()
        sample.zones = [
            ThermalReading(name: "cpu-thermal", temperatureMilliC: Int((steps * 538).rounded()))
        ]
        sample.memory = MemoryReading(
            totalBytes: hardware.memoryBytes, availableBytes: hardware.memoryBytes / 10 * 7,
            swapTotalBytes: 0, swapFreeBytes: 0)
        sample.busyShare = busy
        sample.health = SensorHealth(known: 3, healthy: 3, failuresTotal: 0)
        let decision = chamber.decide(
            ChamberInput(
                hardware: hardware, sample: sample,
                signals: Model.Signals(entropy: scene.entropy, value: scene.value),
                poolPressure: 0), .builtIn)
        if decision.isApplicable { share = min(1, decision.factor) }
        return decision
    }

    private func line(_ scene: Scene, _ decision: Decision, _ second: Int) -> String {
        let status = chamber.status
        var text = "  \(ms / 1000) s  \(decision.state.name)"
        text += "  \(Decimal.fixed(status.temperatureC ?? 0, decimals: 1)) °C"
        text += "  factor \(Decimal.fixed(decision.factor, decimals: 3))"
        text += "  bits \(decision.bitDepth.rawValue)"
        text += "  confidence \(Decimal.fixed(decision.confidence.value, decimals: 2))"
        if let seconds = status.secondsToSoftLimit {
            text += "  80 °C in \(Decimal.fixed(seconds, decimals: 0)) s"
        }
        for name in decision.triggers.names { text += "  \(name)" }
        return text + "\n"
    }

    private func picture(_ scene: Scene, _ decision: Decision) -> String {
        let status = chamber.status
        func row(_ name: StaticString, _ text: String) -> String {
            let name = "\(name)"
            return "  \(name)" + String(repeating: " ", count: max(1, 16 - name.utf8.count)) + text
                + "\u{1b}[K\n"
        }
        func bar(_ share: Double) -> String {
            let filled = Int((max(0, min(1, share)) * 30).rounded())
            return String(repeating: "█", count: filled) + String(repeating: "·", count: 30 - filled)
        }
        var text = "\u{1b}[H"
        text += "phi-agent demo   scene \(scene.name)   \(ms / 1000) s\u{1b}[K\n\(scene.tells)\u{1b}[K\n\u{1b}[K\n"
        text += row("state", "\(decision.state.name), operating coherence \(Decimal.fixed(decision.operatingCoherence, decimals: 2))")
        let celsius = status.temperatureC ?? 0
        text += row("temperature", "\(bar((celsius - 40) / 45)) \(Decimal.fixed(celsius, decimals: 1)) °C")
        let soon = status.secondsToSoftLimit.map { "in \(Decimal.fixed($0, decimals: 0)) s" } ?? "not in sight"
        text += row("80 °C", soon)
        text += row("factor", "\(bar(decision.factor / 3)) \(Decimal.fixed(decision.factor, decimals: 3))")
        for (expert, vote) in zip(Expert.allCases, decision.votes) {
            text += "  \(expert.name)" + String(repeating: " ", count: max(1, 16 - expert.name.utf8.count))
            text += "\(Decimal.fixed(vote.exponent, decimals: 3)) × weight \(Decimal.fixed(vote.weight, decimals: 2))\u{1b}[K\n"
        }
        text += row("memory", "× \(Decimal.fixed(decision.memoryAdjustment, decimals: 3)), ceiling \(decision.memoryCeilingBytes >> 20) MiB")
        text += row("bits", "\(decision.bitDepth.rawValue)")
        text += row("confidence", Decimal.fixed(decision.confidence.value, decimals: 3))
        text += row("slot", "\(decision.slot), \(status.learnedSlots) learned")
        var triggers = ""
        for name in decision.triggers.names { triggers += triggers.isEmpty ? name : ", \(name)" }
        return text + row("triggers", triggers.isEmpty ? "none" : triggers)
    }
}
