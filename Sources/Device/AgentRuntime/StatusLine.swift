// The line that `systemctl status` shows: sent when what it says has changed, not with every cycle.

import Bytes
import Model
import System

struct StatusLine {
    private struct Said: Equatable {
        var state: OperatingState
        var factorPercent: Int
        var isApplicable: Bool
        var mode: ControlMode
    }

    private var said: Said?

    mutating func tell(_ decision: Decision, _ mode: ControlMode) {
        // A factor is 0.1…3.0; whatever isn't a number has no percent.
        let percent = decision.factor.isFinite ? Int((decision.factor * 100).rounded()) : 0
        let now = Said(
            state: decision.state, factorPercent: percent, isApplicable: decision.isApplicable, mode: mode)
        guard now != said else { return }
        said = now
        let factor = Decimal.fixed(Double(percent) / 100, decimals: 2)
        _ = try? Process.notify(
            "STATUS=\(decision.state.name), factor \(factor)\(decision.isApplicable ? "" : " (not applied)"), "
                + "control \(mode.name)")
    }
}
