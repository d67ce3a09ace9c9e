// Whose device this is: the root key that its parameters must descend from.

import Digest
import Model

extension AgentState {
    /// Takes another operator's root, and with it begins anew: no key, no parameters of the one before.
    /// - Returns: whether it was another one.
    @discardableResult
    public mutating func adopt(root other: Digest32?, labels: [Label]) -> Bool {
        guard let other, other != root else { return false }
        root = other
        self.labels = labels
        reportKey = nil
        good = nil
        trial = nil
        floor = 0
        keySetFloor = 0
        return true
    }
}
