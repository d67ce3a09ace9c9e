// The pool's account as fields of decision.json.

import Bytes
import Model

extension PoolSummary {
    /// As an object under `pool`; figures without data are null.
    func write(into json: inout JSONWriter) {
        let hasData = basis != .noData
        func known(_ value: Double) -> Double? { hasData ? value : nil }
        json.beginObject("pool")
        json.value(budgetBytes, "budgetBytes")
        json.value(heldBytes, "heldBytes")
        json.value(valuesAdmitted, "valuesAdmitted")
        json.value(refused, "refused")
        json.beginObject("dropped")
        json.value(dropped.low, "low")
        json.value(dropped.normal, "normal")
        json.value(dropped.high, "high")
        json.endObject()
        json.value(bytesNeeded, "bytesNeeded")
        json.value(basis.name, "basis")
        json.value(known(extension64), "extension64")
        json.value(known(extension81), "extension81")
        // Hours want two values at different times.
        json.value(baselineHours > 0 ? known(runtimeHours) : nil, "runtimeHours")
        json.value(baselineHours > 0 ? known(baselineHours) : nil, "baselineHours")
        json.value(highValueCount, "highValues")
        json.value(highValueDegraded, "highValuesDegraded")
        json.value(worstErrorBound, "worstErrorBound")
        json.value(share81, "share81")
        json.value(share16, "share16")
        json.value(share8, "share8")
        json.value(compressionRatio, "compressionRatio")
        json.value(phiAlignment, "phiAlignment")
        json.value(bitScalingEfficiency, "bitScalingEfficiency")
        json.endObject()
    }
}
