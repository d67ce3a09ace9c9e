// What the agent answers: one line of JSON each, ended by a newline. An answer with "error" says what
// went wrong, for people; "code", for programs; and "hint", what to do about it.

import AgentCore
import Bytes
import Model
import TensorPool

enum LocalReplies {
    static func error(_ code: StaticString, _ text: String, hint: StaticString) -> [UInt8] {
        line { json in
            json.value(text, "error")
            json.value("\(code)", "code")
            json.value("\(hint)", "hint")
        }
    }

    static func error(_ mistake: LocalMistake) -> [UInt8] {
        error(mistake.code, mistake.text, hint: mistake.hint)
    }

    static func error(_ refusal: LocalRefusal) -> [UInt8] {
        line { json in
            json.value(refusal.text, "error")
            json.value("\(refusal.code)", "code")
            json.value("\(refusal.hint)", "hint")
            if case .full(let taken, let refused) = refusal {
                json.value(taken, "appended")
                json.value(refused, "refused")
            }
        }
    }

    static func receipt(_ receipt: LocalReceipt) -> [UInt8] {
        line { json in
            json.value(Text.string(receipt.name[...]), "series")
            json.value(receipt.count, "appended")
            json.value(receipt.score, "value")
            json.value(receipt.isExact, "exact")
            json.value(receipt.nextIndex, "next")
        }
    }

    /// Runs of values that are held alike share one entry of `ranges`.
    static func values(_ values: LocalValues) -> [UInt8] {
        line { json in
            json.value(Text.string(values.name[...]), "series")
            json.beginArray("values")
            for sample in values.samples {
                json.beginArray()
                json.value(Int(clamping: sample.timeMs))
                json.value(sample.value)
                json.endArray()
            }
            json.endArray()
            json.beginArray("ranges")
            var start = 0
            while start < values.samples.count {
                let first = values.samples[start]
                var end = start + 1
                while end < values.samples.count, continues(values.samples[end - 1], values.samples[end]) {
                    end += 1
                }
                json.beginObject()
                json.value(first.index, "index")
                json.value(end - start, "count")
                json.value(first.tier.bits, "tier")
                json.value(first.errorBound, "errorBound")
                json.endObject()
                start = end
            }
            json.endArray()
            if let before = values.before { json.value(before, "before") } else { json.null("before") }
        }
    }

    private static func continues(_ one: PoolSample, _ next: PoolSample) -> Bool {
        one.tier == next.tier && one.errorBound == next.errorBound && one.index + 1 == next.index
    }

    static func series(_ all: [LocalSeries]) -> [UInt8] {
        line { json in
            json.beginArray("series")
            for series in all {
                json.beginObject()
                json.value(Text.string(series.name[...]), "name")
                json.value(Int(series.id), "id")
                json.value("\(series.kind.name)", "class")
                json.value(series.isOwn, "own")
                json.value(series.indices.lowerBound, "oldest")
                json.value(series.indices.upperBound, "next")
                if !series.isOwn {
                    json.value(series.refused, "refused")
                    json.value(series.lower, "min")
                    json.value(series.upper, "max")
                }
                json.endObject()
            }
            json.endArray()
        }
    }

    /// `clients`: connected now; `cutOff`, `turnedAway`: since the start.
    static func status(
        _ status: LocalStatus, clients: Int, cutOff: UInt64, turnedAway: UInt64
    ) -> [UInt8] {
        line { json in
            json.value(status.agentVersion, "version")
            json.value(status.device.hex, "device")
            json.value(status.boot, "boot")
            json.value(status.isEnrolled, "enrolled")
            json.value(status.failuresInARow, "reportFailures")
            json.value(status.parameterVersion, "parameterVersion")
            json.value(status.parameters.phase.name, "parameterPhase")
            json.value(status.controlMode.name, "controlMode")
            json.value(Int(clamping: status.intervalMs), "intervalMs")
            json.value(status.samplesTaken, "samples")
            json.value(status.earlyObservations, "earlyObservations")
            json.beginObject("signals")
            json.optional(status.signals.entropy, "entropy")
            json.optional(status.signals.value, "value")
            json.value(status.signalsTaken, "taken")
            json.endObject()
            pool(status, &json)
            json.beginObject("clients")
            json.value(clients, "connected")
            json.value(cutOff, "cutOff")
            json.value(turnedAway, "turnedAway")
            json.endObject()
        }
    }

    private static func pool(_ status: LocalStatus, _ json: inout JSONWriter) {
        let pool = status.pool
        json.beginObject("pool")
        json.value(pool.budgetBytes, "budgetBytes")
        json.value(pool.heldBytes, "heldBytes")
        json.value(pool.valuesAdmitted, "valuesAdmitted")
        json.value(status.undeliveredValues, "undeliveredValues")
        json.value(pool.refused, "refused")
        json.beginObject("dropped")
        json.value(pool.dropped.low, "low")
        json.value(pool.dropped.normal, "normal")
        json.value(pool.dropped.high, "high")
        json.endObject()
        json.value(pool.highValueCount, "highValues")
        json.value(pool.highValueDegraded, "highValuesDegraded")
        // 0: nothing was admitted yet.
        json.optional(pool.extension64 > 0 ? pool.extension64 : nil, "extension64")
        json.optional(pool.extension81 > 0 ? pool.extension81 : nil, "extension81")
        json.beginObject("workload")
        json.value(status.seriesCount, "series")
        json.value(status.valuesAppended, "appended")
        json.value(status.valuesRefused, "refused")
        json.endObject()
        json.endObject()
    }

    /// The commands, each with its options, and the limits.
    static let help: [UInt8] = line { json in
        json.beginArray("commands")
        for text in LocalCommand.usage { json.value("\(text)") }
        json.endArray()
        json.beginObject("limits")
        json.value(LocalLimits.lineBytesMax, "lineBytes")
        json.value(LocalAppend.valuesMax, "valuesALine")
        json.value(LocalRead.limitMax, "valuesRead")
        json.value(SeriesAlphabet.bytesMax, "nameBytes")
        json.value(LocalLimits.clientsMax, "clients")
        json.value(LocalLimits.backlogBytesMax, "backlogBytes")
        json.endObject()
    }

    private static func line(_ fill: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        fill(&json)
        json.endObject()
        return json.bytes + [0x0a]
    }
}

extension LocalCommand {
    static let usage: [StaticString] = [
        "signal [entropy=0..1] [value=0..1]",
        "append NAME NUMBER... [value=0..1] [time=MS] [step=MS] [class=signal|history|scratch] [min=X max=X]",
        "read NAME [from=MS] [to=MS] [limit=N] [before=INDEX]",
        "decision", "status", "series", "subscribe", "help",
    ]
}

extension Tier {
    var bits: Int {
        switch self {
        case .bits8: 8
        case .bits16: 16
        case .bits81: 81
        }
    }
}

extension JSONWriter {
    fileprivate mutating func optional(_ value: Double?, _ key: StaticString) {
        if let value { self.value(value, key) } else { null(key) }
    }
}
