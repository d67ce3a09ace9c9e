// `phi-agent demo`: the chamber walks through five scenes before your eyes.
//
// Normal, volatile, hot, profitable, and a hardware change: the scenes of the source documents, played
// on a small board model (two poles, as of a bare Raspberry Pi 4 in a hot case) with the real chamber
// in the loop. Simulated time: a cycle stands for a second. On a terminal the picture is redrawn in
// place; into a pipe it is one line a cycle, so that a test can read it (`DemoView`). Nothing of the
// machine it runs on is read or governed.

import Chamber
import Model
import System

struct Demo {
    struct Scene {
        let name: StaticString
        let tells: StaticString
        /// Idle time before it, not shown, in which the board cools down.
        var restS = 0
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
            name: "profitable",
            tells: "ten minutes later; value is high: more work, more memory, 81 bits", restS: 600,
            seconds: 40, entropy: 0.5, value: 0.95, demand: 0.5, ambientC: 24),
        Scene(
            name: "hardware-change",
            tells: "another board: collapse, and a vote for more that decays",
            seconds: 30, entropy: 0.5, value: 0.5, demand: 0.3, ambientC: 24),
    ]

    /// Pause between cycles, ms; 0 prints at once.
    let pauseMs: Int64
    let write: (String) -> Void
    private var view: DemoView

    private var chamber = Chamber()
    private var fastC = 0.0
    private var slowC = 0.0
    private var share = 1.0
    private var ambientC = 26.0
    private var ms: Int64 = 0
    private var hardware = HardwareRecord(
        model: "Raspberry Pi 4 Model B (demo)", serial: "demo", cpuCores: 4, cpuMaxMHz: 1800,
        memoryBytes: 2 << 30)

    init(pauseMs: Int64, view: DemoView, write: @escaping (String) -> Void) {
        self.pauseMs = pauseMs
        self.view = view
        self.write = write
    }

    mutating func run() {
        write(view.opening)
        for (index, scene) in Self.scenes.enumerated() {
            if index == Self.scenes.count - 1 {
                hardware.model = "Raspberry Pi 5 Model B (demo)"
                hardware.cpuMaxMHz = 2400
                hardware.memoryBytes = 16 << 30
            }
            for _ in 0..<scene.restS { _ = cycle(scene, entropy: nil, value: nil, demand: 0.05) }
            write(view.begin(scene))
            for _ in 0..<scene.seconds {
                let decision = cycle(
                    scene, entropy: scene.entropy, value: scene.value, demand: scene.demand)
                write(view.show(index, decision, chamber.status, seconds: ms / 1000))
                if pauseMs > 0 { Clock.sleep(ms: pauseMs) }
            }
        }
        write(view.closing)
    }

    /// One simulated second: the board heats by what it does, and the chamber decides.
    private mutating func cycle(
        _ scene: Scene, entropy: Double?, value: Double?, demand: Double
    ) -> Decision {
        ms += 1000
        let busy = min(demand, share)
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
                signals: Model.Signals(entropy: entropy, value: value),
                poolPressure: 0), .builtIn)
        if decision.isApplicable { share = min(1, decision.factor) }
        return decision
    }
}
