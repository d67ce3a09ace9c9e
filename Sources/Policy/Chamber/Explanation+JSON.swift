// The explanation as fields of a JSON object: what `phi-agent decide --json` and decision.json carry
// beside the decision's own fields. "No data" is null, never a number.

public import Bytes
import Digest
import Model
import Phi

extension Explanation {
    /// Writes its fields into an object that is open.
    public func write(into json: inout JSONWriter) {
        // The hash takes a GPU's memory in tenths.
        let version =
            hardwareHash.words.0 &+ UInt64(profile.rawValue) &+ (hardware.gpu?.memoryGB.bitPattern ?? 0)
        json.section(0, of: version) { json in
            json.value(profile.name, "profile")
            writeHardware(&json)
            writeCapacity(&json)
        }
        writeCoherence(&json)
        writeSignals(&json)
        json.beginObject("rawVotes")
        for expert in Expert.allCases { json.value(rawVote(of: expert), expert.name) }
        json.endObject()
        json.value(activation.phase, "phase")
        json.beginArray("lanes")
        for index in Activation.laneIndices { json.value(activation.lane(index)) }
        json.endArray()
        writeHeat(&json)
        writeMemory(&json)
    }

    private func writeHardware(_ json: inout JSONWriter) {
        json.beginObject("hardware")
        json.value(hardware.model, "model")
        json.value(hardware.cpuCores, "cpuCores")
        json.value(hardware.cpuMaxMHz, "cpuMaxMHz")
        json.value(hardware.memoryBytes, "memoryBytes")
        if let gpu = hardware.gpu {
            json.beginObject("gpu")
            json.value(gpu.name, "name")
            json.value(gpu.tier.name, "tier")
            // 0 stands for "not known" in the record.
            json.value(gpu.memoryGB > 0 ? gpu.memoryGB : nil, "memoryGB")
            json.value(gpu.cores > 0 ? Double(gpu.cores) : nil, "cores")
            json.endObject()
        } else {
            json.null("gpu")
        }
        json.value(hex: hardwareHash.words, "hash")
        json.value(hex: classHash.words, "class")
        json.endObject()
    }

    private func writeCapacity(_ json: inout JSONWriter) {
        let capacity = capacity
        json.beginObject("scores")
        json.value(capacity.gpuScore, "gpu")
        json.value(capacity.gpuScoreUntiered, "gpuUntiered")
        json.value(capacity.memoryScore, "memory")
        json.value(capacity.cpuScore, "cpu")
        json.endObject()
        json.beginObject("channels")
        json.value(capacity.positiveChannel, "positive")
        json.value(capacity.negativeChannel, "negative")
        json.value(capacity.zeroPoint, "zeroPoint")
        json.endObject()
        json.beginObject("channelsClamped")
        json.value(capacity.positiveChannel.map { clamp($0, 0...1) }, "positive")
        json.value(clamp(capacity.negativeChannel, 0...1), "negative")
        json.value(clamp(capacity.zeroPoint, 0...1), "zeroPoint")
        json.endObject()
        json.value(capacity.harmonicCoherenceRaw, "harmonicCoherenceRaw")
    }

    private func writeCoherence(_ json: inout JSONWriter) {
        json.value(decoherence, "decoherence")
        json.beginObject("coherenceParts")
        json.value(coherence.availableMemory, "availableMemory")
        json.value(coherence.achievableFrequency, "achievableFrequency")
        json.value(coherence.healthySensors, "healthySensors")
        json.value(coherence.calm, "calm")
        json.endObject()
    }

    private func writeSignals(_ json: inout JSONWriter) {
        json.beginObject("signals")
        json.value(thermal, "thermal")
        json.value(entropy, "entropy")
        json.value(isEntropyEstimated, "entropyEstimated")
        json.value(value, "value")
        json.value(pressure, "memoryPressure")
        json.endObject()
    }

    private func writeHeat(_ json: inout JSONWriter) {
        json.beginObject("heat")
        json.value(status.temperatureC, "temperatureC")
        json.value(softLimitC, "softLimitC")
        json.value(status.secondsToSoftLimit, "secondsToSoftLimit")
        json.value(status.heatShare, "heatBudget")
        json.value(status.forecastErrorC, "forecastErrorC")
        json.value(status.thermalFit?.fastRiseC, "fastRiseC")
        json.value(status.thermalFit?.slowRiseC, "slowRiseC")
        json.value(status.isSensorStuck, "sensorStuck")
        json.value(status.rejectedReadings, "rejectedReadings")
        json.endObject()
    }

    private func writeMemory(_ json: inout JSONWriter) {
        json.value(status.wantsEarlyObservation, "earlyObservationWanted")
        json.value(status.learnedSlots, "learnedSlots")
        json.value(hex: status.chainHead.words, "chainHead")
    }
}
