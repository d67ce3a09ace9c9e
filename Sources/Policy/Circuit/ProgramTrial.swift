// One program at every bit depth under one memory budget, compared with the deepest that fits.

import Bytes
import Digest

/// What is asked for.
public struct TrialSettings: Sendable {
    /// Everything held at one time: state, reference state, program, outcomes.
    public var budgetBytes = 16 << 20
    public var shots = 1024
    public var seed: UInt64 = 1
    /// Amplitudes visited at one depth; about half an hour on a Raspberry Pi 4.
    public var workMax = 1 << 36
    /// Runs at each depth, of which the median time counts.
    public var timedRuns = 1

    /// Draws, words, their sorted copy, and the outcomes of all depths.
    static let bytesPerShot = 128

    public init() {}
}

/// A figure that could not be taken says why.
public enum Missing: Equatable, Sendable {
    case budget(neededBytes: Int)
    case work(amplitudes: Int)
    /// Runs that were measured on the way end in different states, whatever the precision.
    case measuredOnTheWay

    public var text: String {
        switch self {
        case .budget(let needed): "needs \(needed) bytes, more than the budget"
        case .work(let amplitudes): "\(amplitudes) amplitude updates are too many: fewer shots"
        case .measuredOnTheWay: "the program measures on its way"
        }
    }
}

public struct DepthResult: Sendable {
    public var depth: BitDepth
    public var missing: Missing?
    /// State, program and outcomes.
    public var heldBytes = 0
    public var outcomes: [Outcome] = []
    /// Squared length of the state: its distance from 1 is what rounding did to the norm.
    public var weight = 0.0
    /// SHA-256 of the stored amplitudes: equal on every machine.
    public var digest = Digest32.zero
    /// 1 − fidelity against `reference`.
    public var infidelity: Double?
    public var infidelityMissing: Missing?
    public var reference: BitDepth?
    /// Operations × amplitudes × shots run, counting those that a control or an `if` spares.
    public var amplitudeUpdates = 0
    /// Median time of a run of all shots.
    public var elapsedNs: Int64 = 0

    public var fidelity: Double? { infidelity.map { 1 - $0 } }
    /// Mops/s: amplitude updates in 10⁶ a second; nil when no time passed.
    public var throughputMops: Double? {
        elapsedNs > 0 ? Double(amplitudeUpdates) * 1000 / Double(elapsedNs) : nil
    }
}

public struct ProgramTrial: Sendable {
    public var name: String
    public var program: Program
    /// In the order 81, 64, 16, 8.
    public var results: [DepthResult]

    /// `nowNs` is a monotonic clock.
    public init(
        name: String, program: Program, settings: TrialSettings, nowNs: () -> Int64
    ) {
        self.name = name
        self.program = program
        results = []
        let shots = max(0, min(Simulator.shotsMax, settings.shots))
        let updates = Self.updates(program, program.measuresAtTheEnd ? 1 : max(1, shots))
        let own = program.byteCount + shots * TrialSettings.bytesPerShot
        var reference: StateVector?
        for depth in BitDepth.allCases {
            var result = DepthResult(depth: depth)
            result.heldBytes = StateVector.byteCount(qubits: program.qubits, depth: depth) + own
            guard result.heldBytes <= settings.budgetBytes else {
                result.missing = .budget(neededBytes: result.heldBytes)
                results.append(result)
                continue
            }
            guard let updates, updates <= settings.workMax else {
                result.missing = .work(amplitudes: updates ?? Int.max)
                results.append(result)
                continue
            }
            // The reference stays in memory while the others are compared with it, if there is room.
            let both = result.heldBytes + (reference?.byteCount ?? 0)
            if both > settings.budgetBytes {
                result.infidelityMissing = .budget(neededBytes: both)
                reference = nil
            }
            guard let state = StateVector(qubits: program.qubits, depth: depth) else { continue }
            result.elapsedNs = Timing.median(max(1, settings.timedRuns), nowNs) {
                var random = ShotRandom(seed: settings.seed)
                result.outcomes = Simulator.sample(
                    program, on: state, shots: shots, random: &random)
            }
            result.amplitudeUpdates = updates
            result.weight = state.weight()
            result.digest = Digest.sha256(state.storedBytes)
            if !program.measuresAtTheEnd {
                result.infidelityMissing = .measuredOnTheWay
            } else if let reference {
                result.infidelity = state.infidelity(with: reference)
                result.reference = reference.depth
            } else if result.infidelityMissing == nil {
                // The deepest that fits is its own measure.
                result.infidelity = 0
                result.reference = depth
                reference = state
            }
            results.append(result)
        }
    }

    /// Operations × amplitudes × shots run; nil where that exceeds an Int.
    private static func updates(_ program: Program, _ runs: Int) -> Int? {
        let (once, overflow) = max(1, program.operations.count)
            .multipliedReportingOverflow(by: 1 << program.qubits)
        let (all, overflowAgain) = once.multipliedReportingOverflow(by: runs)
        return overflow || overflowAgain ? nil : all
    }
}
