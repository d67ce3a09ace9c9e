// Enrolment, and what operators do with devices and tokens.

import Bytes
import Digest
import Model
import Store
import Wire

extension Ledger {
    /// - Returns: the reply for the device.
    public func enrol(_ request: EnrolRequest) throws -> EnrolReply {
        let hash = Digest.sha256(Array(request.token.utf8))
        guard let token = try store.token(secretHash: hash) else {
            throw Problem(
                status: 403, code: "token", detail: "no such enrolment token",
                hint: "make one with: fleet enroll token")
        }
        var device: DeviceDraft
        if let known = self.device(request.device) {
            guard known.record.publicKey == request.publicKey else {
                throw Problem(
                    status: 409, code: "other-key",
                    detail: "device \(request.device.hex) is known with another public key")
            }
            device = known
            // The reply to an enrolment may get lost: the same device may ask again with its token.
            if known.record.token != token.id { try use(token) }
        } else {
            try use(token)
            let record = DeviceRecord(
                enrolling: request, status: .pending, token: token.id, nowMs: nowMs)
            device = DeviceDraft(
                record: record,
                reportKey: ReportKey.derive(
                    master: masterKey, device: record.id, counter: record.keyCounter))
        }
        let wasAccepted = device.record.status == .accepted
        if device.record.status == .pending, token.autoAccepts { device.record.status = .accepted }
        device.record.token = token.id
        device.record.labels = request.labels
        device.record.hardware = request.hardware
        device.record.agentVersion = request.agentVersion
        try store.save(&device.record)
        draft.devices[request.device] = device
        if !wasAccepted, device.record.status == .accepted { try join(device.record) }
        return EnrolReply(
            device: request.device, reportKey: device.reportKey,
            isAccepted: device.record.status == .accepted, serverTimeMs: Clock.wallMs(), serverEpoch: epoch)
    }

    private func use(_ token: TokenRecord) throws {
        guard token.expiresMs > nowMs else {
            throw Problem(
                status: 403, code: "token", detail: "the enrolment token has expired",
                hint: "make a new one with: fleet enroll token")
        }
        guard token.used < token.uses else {
            throw Problem(
                status: 403, code: "token", detail: "the enrolment token is used up",
                hint: "make a new one with: fleet enroll token --uses N")
        }
        try store.countUse(ofToken: token.id)
    }

    public func set(_ status: DeviceStatus, of id: DeviceID) throws {
        guard var device = device(id) else {
            throw Problem(status: 404, code: "device", detail: "no device \(id.hex)")
        }
        guard device.record.status != status else { return }
        device.record.status = status
        try store.save(&device.record)
        draft.devices[id] = device
        if status == .accepted { try join(device.record) }
    }

    /// - Returns: the token and its secret, of which only the hash is kept.
    public func makeToken(
        label: String, uses: Int, lifetimeMs: Int64, autoAccepts: Bool
    ) throws -> (token: TokenRecord, secret: String) {
        let secret = Hex.encode(Digest.random(16))
        let token = TokenRecord(
            id: Hex.encode(Digest.random(4)), secretHash: Digest.sha256(Array(secret.utf8)),
            label: label, uses: uses, createdMs: nowMs, expiresMs: nowMs + lifetimeMs,
            autoAccepts: autoAccepts)
        try store.add(token)
        return (token, secret)
    }

    public func tokens() throws -> [TokenRecord] { try store.tokens() }

    public func removeToken(_ id: String) throws {
        guard try store.removeToken(id) else {
            throw Problem(status: 404, code: "token", detail: "no enrolment token \(id)")
        }
    }
}
