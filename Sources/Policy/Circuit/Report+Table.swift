// The report for people.

import Bytes
import Digest

extension SelfTestReport {
    public var table: String {
        var text = "largest register in \(settings.budgetBytes) bytes (allocated and used)\n"
        text += row(["bits", "qubits", "bytes", "bytes/amplitude", "scale"])
        for register in registers {
            let scale = register.depth.amplitudesPerScale
            text += row([
                "\(register.depth.rawValue)", "\(register.qubits)", "\(register.bytes)",
                Decimal.fixed(Double(register.depth.tileBytes) / 16, decimals: 2),
                (scale > 1 ? "1 Float32 per \(scale)" : "each its own")
                    + (register.isProven ? "" : "  NOT PROVEN"),
            ])
        }
        if !kernels.isEmpty {
            text += "\nkernels\n" + row(["name", "unit", "latency ns", "Mops/s", "check"])
            for kernel in kernels { text += row(kernelCells(kernel)) }
        }
        for trial in trials { text += table(trial) }
        return text + metricsTable
    }

    private func kernelCells(_ kernel: KernelResult) -> [String] {
        var check = ""
        if kernel.digest != .zero {
            check = String(decoding: kernel.digest.hex.utf8.prefix(12), as: UTF8.self)
        }
        if let isWithin = kernel.isWithinBound {
            check += isWithin ? ", within its bound" : ", BEYOND ITS BOUND"
        }
        if let bytes = kernel.storedBytes { check += "\(bytes) bytes" }
        if let missing = kernel.missing { check = Text.string(missing.bytes[...]) }
        return [
            kernel.name, Text.string(kernel.unit.bytes[...]), number(kernel.latencyNs, 1),
            number(kernel.throughputMops, 3), check,
        ]
    }

    private func table(_ trial: ProgramTrial) -> String {
        let program = trial.program
        var text = "\n\(trial.name): \(program.qubits) qubits, \(program.operations.count) operations, "
        text += "depth \(program.depth), quantised after every gate\n"
        text += row(["bits", "fidelity", "1-fidelity", "latency ns", "Mops/s", "outcomes"])
        for result in trial.results {
            if let missing = result.missing {
                text += row(["\(result.depth.rawValue)", "-", "-", "-", "-", missing.text])
                continue
            }
            var outcomes = ""
            for outcome in result.mostFrequent(3) {
                outcomes += "\(program.text(of: outcome.bits)): \(outcome.count)  "
            }
            if result.outcomes.count > 3 { outcomes += "and \(result.outcomes.count - 3) more" }
            if let missing = result.infidelityMissing { outcomes += " (\(missing.text))" }
            text += row([
                "\(result.depth.rawValue)", number(result.fidelity, 9),
                result.infidelity.map { scientific($0) } ?? "-", "\(result.elapsedNs)",
                number(result.throughputMops, 2), outcomes,
            ])
        }
        return text
    }

    private var metricsTable: String {
        var text = "\nuse of the device meanwhile\n"
        text += row(["resource", "share", "optimised", "raw", ""])
        let shares: [(StaticString, Double?)] = [
            ("CPU time", use.cpuTime), ("tasks", use.tasks), ("memory", use.memory),
            ("vector/GPU", use.vector), ("mean", use.utilisation),
        ]
        for (name, share) in shares {
            text += row([
                Text.string(name.bytes[...]), number(share, 3),
                number(share.map { CircuitMetrics.optimised($0) }, 3),
                number(share.map { CircuitMetrics.optimisedRaw($0) }, 3),
                share == nil ? "no data" : "",
            ])
        }
        if let utilisation = use.utilisation {
            let resonance = CircuitMetrics.resonance(utilisation: utilisation)
            text += "resonance \(number(resonance, 3)), scaling efficiency "
            text += "\(number(CircuitMetrics.scalingEfficiency(resonance: resonance), 3)), harmony "
            text += "\(number(CircuitMetrics.harmony(resonance: resonance), 3))\n"
        }
        if let opsPerJoule { text += "\(Decimal.fixed(opsPerJoule, decimals: 0)) operations a joule\n" }
        return text
    }

    private func number(_ value: Double?, _ decimals: Int) -> String {
        guard let value else { return "-" }
        return Decimal.fixed(value, decimals: decimals)
    }

    /// "3.2e-07".
    private func scientific(_ value: Double) -> String {
        guard value > 0 else { return "0" }
        var mantissa = value
        var exponent = 0
        while mantissa < 1, exponent > -400 {
            mantissa *= 10
            exponent -= 1
        }
        return "\(Decimal.fixed(mantissa, decimals: 1))e\(exponent)"
    }

    /// Columns of 12 or 16, the last as long as it is.
    private func row(_ cells: [String]) -> String {
        var text: [UInt8] = []
        for (index, cell) in cells.enumerated() {
            text += Array(cell.utf8)
            guard index < cells.count - 1 else { continue }
            let width = index == 3 ? 16 : 12
            for _ in 0..<max(2, width - cell.utf8.count) { text.append(0x20) }
        }
        while text.last == 0x20 { text.removeLast() }
        return String(decoding: text, as: UTF8.self) + "\n"
    }
}
