// The closed loop, compared: one board, one ambient, every control law on the same seeds.
//
// step_wise and IPA are tuned on two seeds of their own (the whole grid of each), under the very
// condition that is set for us: of all settings with at most 1 % of the uncontrolled run's seconds
// above 80 °C, the one with the most work. All laws are then run on other seeds. The chamber has no
// setting to tune: its constants are the same in every case, and ambients and seeds that played no part
// in finding them (`heldOut`) are compared as well.

import Simulation

public struct Comparison: Sendable {
    public struct Line: Sendable {
        public let name: String
        public let runs: [RunResult]

        /// Means and spreads (greatest − least) over the seeds.
        public var workShare: Double { mean { $0.workShare } }
        public var work: Double { mean { $0.work } }
        public var secondsAbove: Double { mean { $0.secondsAbove } }
        public var hottestC: Double { runs.map { $0.hottestC }.max() ?? 0 }
        public var workSpread: Double {
            (runs.map { $0.workShare }.max() ?? 0) - (runs.map { $0.workShare }.min() ?? 0)
        }

        private func mean(_ of: (RunResult) -> Double) -> Double {
            runs.isEmpty ? 0 : runs.reduce(0) { $0 + of($1) } / Double(runs.count)
        }
    }

    public static let durationS = 3600.0
    public static let tuningSeeds: [UInt64] = [1, 2]
    public static let seeds: [UInt64] = Array(11...30)
    /// Ambients and seeds that the chamber's constants were not chosen by.
    public static let heldOutAmbients = [
        Ambient(name: "42 °C", fromC: 42, toC: 42), Ambient(name: "48 °C", fromC: 48, toC: 48),
        Ambient(name: "30→48 °C", fromC: 30, toC: 48), Ambient(name: "48→38 °C", fromC: 48, toC: 38),
    ]
    public static let heldOutSeeds: [UInt64] = Array(1001...1012)
    /// The most time above the limit, as a share of the uncontrolled run's.
    public static let secondsShareMost = 0.01

    public let board: HeatBoard
    public let ambient: Ambient
    public let uncontrolled: Line
    public let firmware: Line
    public let stepWise: Line
    public let allocator: Line
    public let best: Line
    /// The laws as tuned.
    public let stepWiseLaw: StepWise
    public let allocatorLaw: PowerAllocator
    /// Upper bound on any schedule's work share.
    public let bound: Double
    /// The chamber with cpufreq, one decision a second.
    public let ours: Line
    /// The same with core time alone.
    public let oursByTime: Line
    /// A decision each ten seconds (the default) with readings each two, by core time alone as by
    /// frequency.
    public let oursSlow: Line
    public let oursSlowByTime: Line
    /// The best schedule of core time at the top frequency: what `cpu.max` alone can do at all.
    public let bestByTime: Line

    public init(_ board: HeatBoard, _ ambient: Ambient, seeds: [UInt64] = Self.seeds) {
        self.board = board
        self.ambient = ambient
        func run(_ seed: UInt64, hasFirmware: Bool = true) -> HeatRun {
            HeatRun(
                board, ambient, durationS: Self.durationS, seed: seed, hasFirmware: hasFirmware)
        }
        func line(_ name: String, _ one: (UInt64) -> RunResult) -> Line {
            Line(name: name, runs: seeds.map(one))
        }
        let free = line("no control") { Trial.uncontrolled(run($0, hasFirmware: false)) }
        uncontrolled = free
        firmware = line("firmware 80–85 °C") { Trial.uncontrolled(run($0)) }
        best = line("best schedule") { BestSchedule.ride(run($0, hasFirmware: false)) }
        bestByTime = line("best of core time alone") {
            BestSchedule.ride(run($0, hasFirmware: false), byTime: true)
        }
        bound = BestSchedule.bound(board, ambient, durationS: Self.durationS)
        let most = Self.secondsShareMost * free.secondsAbove
        let trip = Self.tuned(
            stride(from: 74.0, through: 81, by: 0.25).map { StepWise(tripC: $0) }, most
        ) { Trial.stepWise(run($1), $0) }
        stepWiseLaw = trip
        stepWise = line("step_wise, trip \(trip.tripC)") { Trial.stepWise(run($0), trip) }
        let law = Self.tuned(PowerAllocator.grid, most) { Trial.powerAllocator(run($1), $0) }
        allocatorLaw = law
        allocator = line(
            "IPA \(law.controlC), sust \(law.sustainable), po \(law.over), pu \(law.under), i \(law.integral)"
        ) { Trial.powerAllocator(run($0), law) }
        ours = line("chamber, 1 s, cpufreq") {
            Trial.chamber(run($0), intervalS: 1, scalesFrequency: true)
        }
        oursByTime = line("chamber, 1 s, cpu.max alone") {
            Trial.chamber(run($0), intervalS: 1, scalesFrequency: false)
        }
        oursSlow = line("chamber, 10 s (readings 2 s), cpufreq") {
            Trial.chamber(run($0), intervalS: 10, stepS: 2, scalesFrequency: true)
        }
        oursSlowByTime = line("chamber, 10 s (readings 2 s), cpu.max") {
            Trial.chamber(run($0), intervalS: 10, stepS: 2, scalesFrequency: false)
        }
    }

    /// More work at no more seconds above the limit.
    public func isAhead(of peer: Line) -> Bool {
        ours.workShare > peer.workShare && ours.secondsAbove <= peer.secondsAbove
    }

    public var lines: [Line] {
        [
            uncontrolled, firmware, stepWise, allocator, best, ours, oursSlow, bestByTime, oursByTime,
            oursSlowByTime,
        ]
    }

    /// Most work among the laws within the allowance; if none is, the one least above the limit.
    private static func tuned<Law>(
        _ laws: [Law], _ secondsMost: Double, _ run: (Law, UInt64) -> RunResult
    ) -> Law {
        var best = laws[0]
        var bestWork = -Double.infinity
        for law in laws {
            let runs = tuningSeeds.map { run(law, $0) }
            let seconds = runs.reduce(0) { $0 + $1.secondsAbove } / Double(runs.count)
            let work = runs.reduce(0) { $0 + $1.workShare } / Double(runs.count)
            let score = seconds <= secondsMost ? work : -seconds
            if score > bestWork {
                bestWork = score
                best = law
            }
        }
        return best
    }
}
