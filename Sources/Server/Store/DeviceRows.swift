// Devices and enrolment tokens.

import Bytes
import Digest
import Model
import Wire

public enum DeviceStatus: UInt8, Sendable, CaseIterable {
    case pending = 1
    case accepted
    case rejected

    public var name: String {
        switch self {
        case .pending: "pending"
        case .accepted: "accepted"
        case .rejected: "rejected"
        }
    }
}

public struct DeviceRecord: Equatable, Sendable {
    /// The device's number inside this database.
    public var number: Int64
    public var id: DeviceID
    public var publicKey: PublicKey
    public var installID: [UInt8]
    public var status: DeviceStatus
    public var keyCounter: UInt64
    public var enrolledMs: Int64
    /// Id of the token it enrolled with.
    public var token: String
    public var labels: [Label]
    public var agentVersion: String
    public var hardware: HardwareRecord

    public init(enrolling request: EnrolRequest, status: DeviceStatus, token: String, nowMs: Int64) {
        number = 0
        id = request.device
        publicKey = request.publicKey
        installID = request.installID
        self.status = status
        keyCounter = 0
        enrolledMs = nowMs
        self.token = token
        labels = request.labels
        agentVersion = request.agentVersion
        hardware = request.hardware
    }

    init(_ row: Row) throws(StoreFault) {
        guard let id = DeviceID(row.blob(1)), let key = PublicKey(row.blob(2)),
            let status = DeviceStatus(rawValue: UInt8(clamping: row.integer(4)))
        else { throw .corrupt("device") }
        do { hardware = try HardwareRecord(decoding: ProtoReader(row.blob(10))) } catch {
            throw .corrupt("hardware record")
        }
        number = row.integer(0)
        self.id = id
        publicKey = key
        installID = row.blob(3)
        self.status = status
        keyCounter = row.unsigned(5)
        enrolledMs = row.integer(6)
        token = row.text(7)
        labels = row.text(8).split(separator: " ").compactMap { Label(String($0)) }
        agentVersion = row.text(9)
    }
}

public struct TokenRecord: Equatable, Sendable {
    public var id: String
    public var secretHash: Digest32
    public var label: String
    public var uses: Int
    public var used: Int
    public var createdMs: Int64
    public var expiresMs: Int64
    public var autoAccepts: Bool

    public init(
        id: String, secretHash: Digest32, label: String, uses: Int, createdMs: Int64,
        expiresMs: Int64, autoAccepts: Bool
    ) {
        self.id = id
        self.secretHash = secretHash
        self.label = label
        self.uses = uses
        used = 0
        self.createdMs = createdMs
        self.expiresMs = expiresMs
        self.autoAccepts = autoAccepts
    }

    init(_ row: Row) throws(StoreFault) {
        guard let hash = Digest32(row.blob(1)) else { throw .corrupt("enrolment token") }
        self.init(
            id: row.text(0), secretHash: hash, label: row.text(2), uses: row.int(3),
            createdMs: row.integer(5), expiresMs: row.integer(6), autoAccepts: row.integer(7) != 0)
        used = row.int(4)
    }
}

extension FleetStore {
    public func devices() throws(StoreFault) -> [DeviceRecord] {
        try database.query("SELECT * FROM devices ORDER BY number") { row throws(StoreFault) in
            try DeviceRecord(row)
        }
    }

    /// Writes a device that is new (number 0), or all that may change of a known one.
    public func save(_ device: inout DeviceRecord) throws(StoreFault) {
        let labels = device.labels.map(\.text).joined(separator: " ")
        let hardware = device.hardware.encoded().bytes
        guard device.number != 0 else {
            try database.run(
                """
                INSERT INTO devices (id, public_key, install_id, status, key_counter, enrolled_ms,
                  token, labels, agent_version, hardware) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    .blob(device.id.bytes), .blob(device.publicKey.bytes), .blob(device.installID),
                    .integer(Int64(device.status.rawValue)), .integer(device.keyCounter),
                    .integer(device.enrolledMs), .text(device.token), .text(labels),
                    .text(device.agentVersion), .blob(hardware),
                ])
            device.number = database.lastInsertedRow
            return
        }
        try database.run(
            """
            UPDATE devices SET status = ?, key_counter = ?, token = ?, labels = ?,
              agent_version = ?, hardware = ? WHERE number = ?
            """,
            [
                .integer(Int64(device.status.rawValue)), .integer(device.keyCounter),
                .text(device.token), .text(labels), .text(device.agentVersion), .blob(hardware),
                .integer(device.number),
            ])
    }

    public func add(_ token: TokenRecord) throws(StoreFault) {
        try database.run(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .text(token.id), .blob(token.secretHash.bytes), .text(token.label),
                .integer(token.uses), .integer(token.used), .integer(token.createdMs),
                .integer(token.expiresMs), .integer(token.autoAccepts ? 1 : 0),
            ])
    }

    public func tokens() throws(StoreFault) -> [TokenRecord] {
        try database.query("SELECT * FROM tokens ORDER BY created_ms, id") { row throws(StoreFault) in
            try TokenRecord(row)
        }
    }

    public func token(secretHash: Digest32) throws(StoreFault) -> TokenRecord? {
        try database.query(
            "SELECT * FROM tokens WHERE secret_sha256 = ?", [.blob(secretHash.bytes)]
        ) { row throws(StoreFault) in try TokenRecord(row) }.first
    }

    public func countUse(ofToken id: String) throws(StoreFault) {
        try database.run("UPDATE tokens SET used = used + 1 WHERE id = ?", [.text(id)])
    }

    /// - Returns: whether there was one.
    public func removeToken(_ id: String) throws(StoreFault) -> Bool {
        try database.run("DELETE FROM tokens WHERE id = ?", [.text(id)]) > 0
    }
}
