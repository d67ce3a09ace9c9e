// Which set is due for a device, of all that rollouts released and converged on.

import Model

public struct Offer: Sendable {
    public let version: UInt64
    public let scope: Scope
    public let envelope: Envelope

    public init(version: UInt64, scope: Scope, envelope: Envelope) {
        self.version = version
        self.scope = scope
        self.envelope = envelope
    }
}

public struct Offers: Sendable {
    /// Sets that a rollout converged on, newest first: for devices that are new, or were away.
    private var converged: [Offer] = []
    /// Sets of running rollouts, and to whom they are released.
    private var running: [(offer: Offer, released: Set<DeviceID>)] = []

    public init() {}

    public init(_ rollouts: [RolloutState], envelope: (UInt64) -> Envelope?) {
        for rollout in rollouts {
            guard rollout.phase == .running || rollout.phase == .converged,
                let envelope = envelope(rollout.plan.version)
            else { continue }
            let offer = Offer(
                version: rollout.plan.version, scope: rollout.plan.scope, envelope: envelope)
            if rollout.phase == .converged {
                converged.append(offer)
            } else {
                running.append((offer, Set(rollout.members.keys.filter(rollout.isReleased))))
            }
        }
        converged.sort { $0.version > $1.version }
    }

    /// The newest set above `version` that this device may have, and hasn't turned down before.
    public func due(
        _ device: DeviceID, labels: [Label], refused: Set<UInt64>, after version: UInt64
    ) -> Offer? {
        var best: Offer?
        for (offer, released) in running
        where offer.version > max(version, best?.version ?? 0) && released.contains(device)
            && !refused.contains(offer.version)
        {
            best = offer
        }
        for offer in converged {
            guard offer.version > max(version, best?.version ?? 0) else { break }
            if !refused.contains(offer.version), offer.scope.includes(device, labels: labels) {
                return offer
            }
        }
        return best
    }
}
