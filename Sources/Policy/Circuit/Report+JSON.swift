// The report as JSON. What depends on the machine's speed and load stands under keys named
// "measured"; everything else is the same, bit for bit, on every machine.

import Bytes
import Digest
import TensorPool

extension SelfTestReport {
    /// Outcomes listed for one program, most frequent first; a GHZ state has 2, a random one 2^n.
    static let outcomesShown = 16

    public var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.value("phi-circuit-1", "format")
        writer.value(settings.budgetBytes, "budget_bytes")
        writer.value(settings.seed, "seed")
        writer.value(settings.shots, "shots")
        writer.beginArray("registers")
        for register in registers { write(register, &writer) }
        writer.endArray()
        writer.beginArray("kernels")
        for kernel in kernels { write(kernel, &writer) }
        writer.endArray()
        writer.beginArray("programs")
        for trial in trials { write(trial, &writer) }
        writer.endArray()
        writer.beginArray("worst_fidelity")
        for depth in BitDepth.allCases {
            guard let worst = worstFidelity(depth) else { continue }
            writer.beginObject()
            writer.value(depth.rawValue, "bits")
            writer.value(1 - worst.infidelity, "fidelity")
            writer.value(worst.infidelity, "infidelity")
            writer.value(worst.program, "program")
            writer.endObject()
        }
        writer.endArray()
        writeMetrics(&writer)
        writer.endObject()
        return writer.text
    }

    private func write(_ register: RegisterResult, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.value(register.depth.rawValue, "bits")
        writer.value(register.qubits, "qubits")
        writer.value(register.bytes, "bytes")
        writer.value(Double(register.depth.tileBytes) / 16, "bytes_per_amplitude")
        writer.value(register.depth.amplitudesPerScale, "amplitudes_per_scale")
        writer.value(register.isProven, "allocated")
        writer.endObject()
    }

    private func write(_ kernel: KernelResult, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.value(kernel.name, "name")
        writer.value(kernel.operations, "operations")
        writer.value(Text.string(kernel.unit.bytes[...]), "unit")
        if let missing = kernel.missing {
            writer.value(Text.string(missing.bytes[...]), "why")
        } else {
            if let bytes = kernel.storedBytes { writer.value(bytes, "stored_bytes") }
            if let isWithin = kernel.isWithinBound { writer.value(isWithin, "within_bound") }
            if let tier = kernel.tier { writer.value(tier.bits, "tier_bits") }
            if kernel.digest != .zero { writer.value(kernel.digest.hex, "digest") }
        }
        writer.beginObject("measured")
        writer.value(kernel.timing.runs, "runs")
        writeOptional(kernel.latencyNs, "latency_ns", &writer)
        writeOptional(kernel.throughputMops, "throughput_mops", &writer)
        writer.endObject()
        writer.endObject()
    }

    private func write(_ trial: ProgramTrial, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.value(trial.name, "name")
        writer.value(trial.program.qubits, "qubits")
        writer.value(trial.program.classicalBits, "classical_bits")
        writer.value(trial.program.operations.count, "operations")
        writer.value(trial.program.depth, "depth")
        writer.beginArray("results")
        for result in trial.results { write(result, trial.program, &writer) }
        writer.endArray()
        writer.endObject()
    }

    private func write(_ result: DepthResult, _ program: Program, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.value(result.depth.rawValue, "bits")
        writer.value(result.heldBytes, "held_bytes")
        if let missing = result.missing {
            writer.value(missing.text, "why")
            writer.endObject()
            return
        }
        writer.value(result.depth.amplitudesPerScale, "amplitudes_per_scale")
        writer.value(result.weight, "norm_squared")
        writer.value(result.digest.hex, "digest")
        writeOptional(result.fidelity, "fidelity", &writer)
        writeOptional(result.infidelity, "infidelity", &writer)
        if let reference = result.reference { writer.value(reference.rawValue, "reference_bits") }
        if let missing = result.infidelityMissing { writer.value(missing.text, "fidelity_why") }
        writer.value(result.outcomes.count, "outcomes_seen")
        writer.beginObject("outcomes")
        for outcome in result.mostFrequent(Self.outcomesShown) {
            writer.key(program.text(of: outcome.bits))
            writer.value(outcome.count)
        }
        writer.endObject()
        writer.beginObject("measured")
        writer.value(Double(result.elapsedNs), "latency_ns")
        writeOptional(result.throughputMops, "throughput_mops", &writer)
        writer.endObject()
        writer.endObject()
    }

    private func writeMetrics(_ writer: inout JSONWriter) {
        writer.beginObject("measured")
        writeShare(use.cpuTime, "cpu_time", &writer)
        writeShare(use.tasks, "tasks", &writer)
        writeShare(use.memory, "memory", &writer)
        writeShare(use.vector, "vector", &writer)
        writeShare(use.utilisation, "utilisation", &writer)
        if let utilisation = use.utilisation {
            let resonance = CircuitMetrics.resonance(utilisation: utilisation)
            writer.value(resonance, "resonance")
            writer.value(
                CircuitMetrics.scalingEfficiency(resonance: resonance), "scaling_efficiency")
            writer.value(CircuitMetrics.harmony(resonance: resonance), "harmony")
        }
        if let opsPerJoule { writer.value(opsPerJoule, "ops_per_joule") }
        writer.endObject()
    }

    /// {"share", "optimised", "optimised_raw"}; null for what this device can't tell.
    private func writeShare(_ share: Double?, _ key: StaticString, _ writer: inout JSONWriter) {
        guard let share else { return writer.null(key) }
        writer.beginObject(key)
        writer.value(share, "share")
        writer.value(CircuitMetrics.optimised(share), "optimised")
        writer.value(CircuitMetrics.optimisedRaw(share), "optimised_raw")
        writer.endObject()
    }

    private func writeOptional(
        _ value: Double?, _ key: StaticString, _ writer: inout JSONWriter
    ) {
        if let value { writer.value(value, key) } else { writer.null(key) }
    }
}

extension DepthResult {
    /// Descending by count, then ascending by bits.
    func mostFrequent(_ limit: Int) -> ArraySlice<Outcome> {
        outcomes.sorted { a, b in a.count != b.count ? a.count > b.count : a.bits < b.bits }
            .prefix(limit)
    }
}
