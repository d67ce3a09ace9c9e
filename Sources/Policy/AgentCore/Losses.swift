// What restarts cost, told until it is acknowledged. A boot that ends before it could report hands its
// account on to the next: a loss in the middle of an outage isn't forgotten with the boot that saw it.

import Model

extension RestartGap {
    /// This restart's account, and what an earlier one never got told.
    func joined(_ untold: RestartGap?) -> RestartGap {
        guard let untold else { return self }
        var both = self
        both.wasClean = wasClean && untold.wasClean
        if let own = samplesLost, let theirs = untold.samplesLost {
            both.samplesLost = own &+ theirs
            both.samplesLostMost = nil
        } else {
            // One of them is known only by its limit, or not at all: so is the sum.
            both.samplesLost = nil
            let own = samplesLost ?? samplesLostMost
            let theirs = untold.samplesLost ?? untold.samplesLostMost
            both.samplesLostMost = own.flatMap { own in theirs.map { own &+ $0 } }
        }
        return both
    }
}
