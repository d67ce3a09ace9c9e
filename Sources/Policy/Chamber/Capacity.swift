// What the hardware could do: scores, channels, entanglement strength. They move only with the
// hardware, so they are shown and compared, and vote only when the hardware changes.

import Model
import Phi

/// The source documents' normalisers, by profile.
struct Normalisers {
    let gpuMemoryGB: Double
    let gpuCores: Double
    let memoryGB: Double
    let cpuCores: Double
    let cpuMHz: Double
    /// Divisors of the tensor pool's channels.
    let positive: Double
    let negative: Double
    let zero: Double
    /// The desktop keeps the source's mean of three, whatever exists.
    let countsMissingGPU: Bool

    init(_ profile: Profile) {
        switch profile {
        case .pi:
            self.init(
                gpuMemoryGB: 24, gpuCores: 16_384, memoryGB: 8, cpuCores: 4, cpuMHz: 2_400,
                positive: 10_000, negative: 8, zero: 4, countsMissingGPU: false)
        case .desktop:
            self.init(
                gpuMemoryGB: 24, gpuCores: 16_384, memoryGB: 128, cpuCores: 32, cpuMHz: 5_000,
                positive: 10_000, negative: 32, zero: 16, countsMissingGPU: true)
        }
    }

    private init(
        gpuMemoryGB: Double, gpuCores: Double, memoryGB: Double, cpuCores: Double, cpuMHz: Double,
        positive: Double, negative: Double, zero: Double, countsMissingGPU: Bool
    ) {
        self.gpuMemoryGB = gpuMemoryGB
        self.gpuCores = gpuCores
        self.memoryGB = memoryGB
        self.cpuCores = cpuCores
        self.cpuMHz = cpuMHz
        self.positive = positive
        self.negative = negative
        self.zero = zero
        self.countsMissingGPU = countsMissingGPU
    }
}

public struct Capacity: Equatable, Sendable {
    /// tier weight · mean(memory, cores), each over its normaliser; nil without a GPU of its own
    /// memory or known cores. Where one of the two isn't known, the other stands alone.
    public let gpuScore: Double?
    /// The same before the tier's weight.
    public let gpuScoreUntiered: Double?
    public let memoryScore: Double
    public let cpuScore: Double
    /// Positive (E-Logic), negative (D-Memory) and zero-point (F-Noise) channels; positive is nil
    /// unless the GPU's memory and cores are known.
    public let positiveChannel: Double?
    public let negativeChannel: Double
    public let zeroPoint: Double
    /// Mean of the scores of the resources that exist.
    public let entanglementStrength: Double
    /// Mean of the channels that exist: raw, it may exceed 1.
    public let harmonicCoherenceRaw: Double

    public init(of hardware: HardwareRecord, profile: Profile) {
        let norm = Normalisers(profile)
        let memoryGB = Double(hardware.memoryBytes) / 1_073_741_824
        let cores = Double(hardware.cpuCores)
        memoryScore = min(1, memoryGB / norm.memoryGB)
        cpuScore = min(1, (cores / norm.cpuCores + Double(hardware.cpuMaxMHz) / norm.cpuMHz) / 2)
        negativeChannel = memoryGB / norm.negative
        zeroPoint = cores / norm.zero
        // Both score and channel are of what is known: 0 stands for "not known", and a GPU without
        // memory of its own lives in the machine's, which counts already.
        let memory = hardware.gpu.flatMap { $0.memoryGB > 0 ? $0.memoryGB : nil }
        let gpuCores = hardware.gpu.flatMap { $0.cores > 0 ? Double($0.cores) : nil }
        let known = (memory == nil ? 0.0 : 1) + (gpuCores == nil ? 0 : 1)
        if let gpu = hardware.gpu, known > 0 {
            let sum = (memory ?? 0) / norm.gpuMemoryGB + (gpuCores ?? 0) / norm.gpuCores
            let plain = sum / known
            gpuScoreUntiered = plain
            gpuScore = min(1, gpu.tier.weight * plain)
        } else {
            gpuScoreUntiered = nil
            gpuScore = nil
        }
        if let memory, let gpuCores {
            positiveChannel = memory * gpuCores / norm.positive
        } else {
            positiveChannel = nil
        }
        func count(_ exists: Bool) -> Double { exists || norm.countsMissingGPU ? 3 : 2 }
        entanglementStrength =
            ((gpuScore ?? 0) + memoryScore + cpuScore) / count(gpuScore != nil)
        harmonicCoherenceRaw =
            ((positiveChannel ?? 0) + negativeChannel + zeroPoint) / count(positiveChannel != nil)
    }

    public var harmonicCoherence: Double { clamp(harmonicCoherenceRaw, 0...1) }

    /// The source's coherence score.
    public var coherence: Double {
        clamp(0.6 * entanglementStrength + 0.4 * harmonicCoherence, 0...1)
    }
}
