// The glossary's circuit metrics: utilisation of four resources and what follows from it.
//
// The source's FPGA columns, on a computer: LUT → share of CPU time, FF → share of the tasks that
// the kernel allows, BRAM → share of memory, DSP → share of the vector unit's or GPU's time, where
// that can be read. All of the whole device, between two readings around the self-test. A resource
// that can't be read is absent, never zero.

import Phi

/// Shares in [0,1].
public struct ResourceUse: Equatable, Sendable {
    public var cpuTime: Double?
    public var tasks: Double?
    public var memory: Double?
    public var vector: Double?

    public init(
        cpuTime: Double? = nil, tasks: Double? = nil, memory: Double? = nil, vector: Double? = nil
    ) {
        self.cpuTime = cpuTime
        self.tasks = tasks
        self.memory = memory
        self.vector = vector
    }

    /// "Area utilisation": the mean of those that exist; nil when none does.
    public var utilisation: Double? {
        var sum = 0.0
        var count = 0.0
        for share in [cpuTime, tasks, memory, vector] {
            guard let share else { continue }
            sum += share
            count += 1
        }
        return count > 0 ? sum / count : nil
    }
}

public enum CircuitMetrics {
    /// Utilisation · φ as the source prints it, above 1 too.
    public static func optimisedRaw(_ utilisation: Double) -> Double { utilisation * Phi.ratio }

    /// The same, held at what can be allocated.
    public static func optimised(_ utilisation: Double) -> Double {
        clamp(optimisedRaw(utilisation), 0...1)
    }

    /// 1 where utilisation is the efficiency target (0.618), 0 at none and at twice the target.
    public static func resonance(utilisation: Double) -> Double {
        clamp(1 - abs(utilisation - Phi.efficiencyTarget) / Phi.efficiencyTarget, 0...1)
    }

    /// Circuit scaling efficiency.
    public static func scalingEfficiency(resonance: Double) -> Double { resonance * Phi.ratio }

    public static func harmony(resonance: Double) -> Double {
        resonance * scalingEfficiency(resonance: resonance)
    }
}
