// The circuit self-test: fixed work whose results are the same on every machine, and whose times
// and use of resources are this machine's. No clock and no file is touched here: both come in as
// closures, so a test gives its own.

import TensorPool

/// The largest register of one bit depth under the budget; it was allocated and used.
public struct RegisterResult: Sendable {
    public var depth: BitDepth
    public var qubits: Int
    /// All that a state of so many qubits takes.
    public var bytes: Int
    /// A gate on its lowest and one on its highest qubit gave the amplitudes they should.
    public var isProven: Bool
}

public struct SelfTestReport: Sendable {
    public var settings: TrialSettings
    public var registers: [RegisterResult] = []
    public var kernels: [KernelResult] = []
    public var trials: [ProgramTrial] = []
    public var use = ResourceUse()
    /// Hashes, values and amplitude updates of everything that was timed.
    public var operations = 0.0
    public var energyJoules: Double?

    public init(settings: TrialSettings) { self.settings = settings }

    /// Operations per joule; nil without a power sensor.
    public var opsPerJoule: Double? {
        guard let energyJoules, energyJoules > 0 else { return nil }
        return operations / energyJoules
    }

    /// Every register could be used, every block came back within its bound.
    public var isSound: Bool {
        for register in registers where register.qubits > 0 && !register.isProven { return false }
        for kernel in kernels where kernel.missing != nil || kernel.isWithinBound == false {
            return false
        }
        return true
    }

    /// The least fidelity of any program at a depth, and the program's name.
    public func worstFidelity(_ depth: BitDepth) -> (infidelity: Double, program: String)? {
        var worst: (infidelity: Double, program: String)?
        for trial in trials {
            for result in trial.results where result.depth == depth {
                guard let infidelity = result.infidelity else { continue }
                if infidelity >= worst?.infidelity ?? 0 { worst = (infidelity, trial.name) }
            }
        }
        return worst
    }
}

public enum SelfTest {
    /// The kernels, the built-in programs and the largest registers. About a second on a board.
    public static func run(
        settings: TrialSettings, nowNs: () -> Int64, resources: () -> ResourceReading
    ) -> SelfTestReport {
        var report = SelfTestReport(settings: settings)
        let before = resources()
        report.registers = BitDepth.allCases.map { register($0, settings.budgetBytes) }
        report.kernels = [Kernels.activation(nowNs)]
        for tier: Tier in [.bits81, .bits16, .bits8] {
            report.kernels += Kernels.block(tier, nowNs)
        }
        var timed = settings
        timed.timedRuns = max(settings.timedRuns, 5)
        for (name, text) in BuiltInCircuits.all {
            // A text that its own test parses; were it wrong, its row would be missing, no more.
            guard let program = try? Program(qasm: text) else { continue }
            report.trials.append(
                ProgramTrial(name: name, program: program, settings: timed, nowNs: nowNs))
        }
        finish(&report, before, resources(), timed.timedRuns)
        return report
    }

    /// One program, at every bit depth.
    public static func run(
        _ program: Program, name: String, settings: TrialSettings, nowNs: () -> Int64,
        resources: () -> ResourceReading
    ) -> SelfTestReport {
        var report = SelfTestReport(settings: settings)
        let before = resources()
        report.trials = [
            ProgramTrial(name: name, program: program, settings: settings, nowNs: nowNs)
        ]
        report.registers = BitDepth.allCases.map { register($0, settings.budgetBytes) }
        finish(&report, before, resources(), max(1, settings.timedRuns))
        return report
    }

    private static func finish(
        _ report: inout SelfTestReport, _ before: ResourceReading, _ after: ResourceReading,
        _ timedRuns: Int
    ) {
        report.use = before.use(until: after)
        report.energyJoules = before.energyJoules(until: after)
        for kernel in report.kernels {
            report.operations += Double(kernel.operations) * Double(kernel.timing.runs)
        }
        for trial in report.trials {
            for result in trial.results {
                report.operations += Double(result.amplitudeUpdates) * Double(timedRuns)
            }
        }
    }

    /// Allocates the largest register and superposes its lowest and highest qubit: four amplitudes
    /// of ½ (two of √½ in a register of one qubit), and the rest nothing.
    static func register(_ depth: BitDepth, _ budgetBytes: Int) -> RegisterResult {
        let qubits = StateVector.largestRegister(budgetBytes: budgetBytes, depth: depth)
        var result = RegisterResult(depth: depth, qubits: qubits, bytes: 0, isProven: false)
        guard let state = StateVector(qubits: qubits, depth: depth) else { return result }
        result.bytes = state.byteCount
        let h = Matrix2(.h, 0, 0, 0)
        state.apply(h, target: 0, controls: 0)
        if qubits > 1 { state.apply(h, target: qubits - 1, controls: 0) }
        let expected = qubits > 1 ? 0.5 : 0.7071067811865476
        let last = state.amplitude((1 << (qubits - 1)) | 1)
        result.isProven =
            abs(last.re - expected) < 0.01 && abs(state.weight() - 1) < 0.01
        return result
    }
}
