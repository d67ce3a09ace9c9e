// What protoc must read in a report and in its answer.

import CoreTesting
import Digest
import Model

extension Expected {
    init(_ report: Report, head: Digest32) {
        bytes("device", report.device.bytes)
        number("boot", report.boot)
        text("kernel_boot_id", report.kernelBootID)
        number("sequence", report.sequence)
        bytes("previous_head", report.previousHead.bytes)
        instant("instant", report.instant)
        text("agent_version", report.agentVersion)
        number("samples_taken", report.samplesTaken)
        message("sample") { $0.sample(report.sample) }
        message("decision") { $0.decision(report.decision) }
        enumerator(
            "control_mode",
            { switch report.controlMode {
            case .apiOnly: "CONTROL_MODE_API_ONLY"
            case .dryRun: "CONTROL_MODE_DRY_RUN"
            case .partial: "CONTROL_MODE_PARTIAL"
            case .full: "CONTROL_MODE_FULL"
            } }())
        message("pool") { $0.pool(report.pool) }
        bytes("cycle_digest", report.cycleDigest.bytes)
        bytes("hardware_hash", report.hardwareHash.bytes)
        if let hardware = report.hardware { message("hardware") { $0.hardware(hardware) } }
        number("parameter_version", report.parameterVersion)
        message("apply_status") {
            $0.number("version", report.applyStatus.version)
            $0.enumerator(
                "phase",
                { switch report.applyStatus.phase {
                case .none: nil
                case .trial: "TRIAL"
                case .confirmed: "CONFIRMED"
                case .refused: "REFUSED"
                case .reverted: "REVERTED"
                } }())
            $0.number("reason_code", report.applyStatus.reasonCode)
            $0.text("reason", report.applyStatus.reason)
        }
        if let gap = report.gap {
            message("gap") {
                $0.number("previous_boot", gap.previousBoot)
                $0.bool("was_clean", gap.wasClean)
                if let lost = gap.samplesLost { $0.number("samples_lost", lost, optional: true) }
                if let most = gap.samplesLostMost { $0.number("samples_lost_most", most, optional: true) }
            }
        }
        for chunk in report.chunks { bytes("chunks", chunk, repeated: true) }
        for name in report.seriesNames { message("series_names") { $0.seriesName(name) } }
        for origin in report.origins { message("origins") { $0.origin(origin) } }
        if let spool = report.spool { message("spool") { $0.spool(spool) } }
        if let controls = report.controls { message("controls") { $0.controls(controls) } }
        bytes("head", head.bytes)
    }

    init(_ reply: ReportReply) {
        number("boot", reply.boot)
        number("sequence", reply.sequence)
        number("server_time_ms", reply.serverTimeMs)
        number("server_epoch", reply.serverEpoch)
        if let envelope = reply.envelope { message("envelope") { $0 = Expected(envelope) } }
    }

    private mutating func decision(_ decision: Decision) {
        enumerator(
            "state",
            { switch decision.state {
            case .superposed: "OPERATING_STATE_SUPERPOSED"
            case .collapsed: "OPERATING_STATE_COLLAPSED"
            case .coherent: "OPERATING_STATE_COHERENT"
            case .decoherent: "OPERATING_STATE_DECOHERENT"
            } }())
        double("factor", decision.factor)
        double("exponent", decision.exponent)
        for vote in decision.votes {
            message("votes") {
                $0.double("exponent", vote.exponent)
                $0.double("weight", vote.weight)
                $0.double("factor", vote.factor)
            }
        }
        double("memory_adjustment", decision.memoryAdjustment)
        number("memory_ceiling_bytes", decision.memoryCeilingBytes)
        enumerator("bit_depth", "BIT_DEPTH_\(decision.bitDepth.rawValue)")
        double("signal_quality", decision.confidence.signalQuality)
        double("agreement", decision.confidence.agreement)
        double("predictor_quality", decision.confidence.predictorQuality)
        bool("is_applicable", decision.isApplicable)
        number("triggers", decision.triggers.rawValue)
        double("operating_coherence", decision.operatingCoherence)
        double("capacity_coherence", decision.capacityCoherence)
        double("harmonic_coherence", decision.harmonicCoherence)
        double("entanglement_strength", decision.entanglementStrength)
        double("quantum_phase", decision.quantumPhase)
        double("observer_phase", decision.observerPhase)
        number("slot", decision.slot)
        bytes("activation", decision.activation.bytes)
    }

    private mutating func pool(_ pool: PoolSummary) {
        number("budget_bytes", pool.budgetBytes)
        number("held_bytes", pool.heldBytes)
        number("values_admitted", pool.valuesAdmitted)
        number("bytes_needed", pool.bytesNeeded)
        double("extension_81", pool.extension81)
        double("extension_64", pool.extension64)
        enumerator(
            "basis",
            { switch pool.basis {
            case .noData: nil
            case .projected: "RUNTIME_BASIS_PROJECTED"
            case .atLeast: "RUNTIME_BASIS_AT_LEAST"
            case .measured: "RUNTIME_BASIS_MEASURED"
            } }())
        double("baseline_hours", pool.baselineHours)
        double("runtime_hours", pool.runtimeHours)
        number("high_value_count", pool.highValueCount)
        number("high_value_degraded", pool.highValueDegraded)
        double("worst_error_bound", pool.worstErrorBound)
        double("share_81", pool.share81)
        double("share_16", pool.share16)
        double("share_8", pool.share8)
        number("refused", pool.refused)
    }
}
