// MACs over requests and replies, so that over plain HTTP too nobody can forge a report, or an
// acknowledgement that makes a device drop data.
//
//   Authorization: PHI-HMAC device=<32 hex>,nonce=<32 hex>,mac=<64 hex>
//   PHI-MAC: <64 hex>                                              (on the reply)
//
// Every part that is covered is preceded by its length, so that no two requests share one message.

import Bytes
import Digest
import Model

public struct RequestMAC: Equatable, Sendable {
    public let device: DeviceID
    /// 16 bytes.
    public let nonce: [UInt8]
    public let mac: Digest32

    /// - Parameters:
    ///   - key: the report key, 32 bytes.
    ///   - path: path and query as they stand in the request line.
    public init(
        key: [UInt8], device: DeviceID, nonce: [UInt8], method: String, path: String, body: [UInt8]
    ) {
        self.device = device
        self.nonce = nonce
        mac = Self.compute(
            key: key, device: device, nonce: nonce, method: method, path: path, body: body)
    }

    /// From an Authorization header; nil where it isn't one of ours.
    public init?(header: String) {
        let bytes = Array(header.utf8)
        let scheme = Array("PHI-HMAC ".utf8)
        guard bytes.starts(with: scheme), bytes.count < 256 else { return nil }
        var device: DeviceID?
        var nonce: [UInt8]?
        var mac: Digest32?
        for part in bytes[scheme.count...].split(separator: 0x2c) {
            let part = Text.trimmed(part)
            guard let equals = part.firstIndex(of: 0x3d) else { return nil }
            guard let value = Hex.decode(part[(equals + 1)...]) else { return nil }
            let name = part[..<equals]
            if Text.equal(name, "device") {
                device = DeviceID(value)
            } else if Text.equal(name, "nonce") {
                nonce = value
            } else if Text.equal(name, "mac") {
                mac = Digest32(value)
            }
        }
        guard let device, let nonce, nonce.count == 16, let mac else { return nil }
        self.device = device
        self.nonce = nonce
        self.mac = mac
    }

    public var header: String {
        "PHI-HMAC device=\(device.hex),nonce=\(Hex.encode(nonce)),mac=\(mac.hex)"
    }

    public func isValid(key: [UInt8], method: String, path: String, body: [UInt8]) -> Bool {
        mac.equalsInConstantTime(
            Self.compute(
                key: key, device: device, nonce: nonce, method: method, path: path, body: body))
    }

    private static func compute(
        key: [UInt8], device: DeviceID, nonce: [UInt8], method: String, path: String, body: [UInt8]
    ) -> Digest32 {
        var head = ProtoWriter(reserving: 160)
        head.string(1, "request")
        head.string(2, method)
        head.string(3, path)
        head.data(4, device.bytes)
        head.data(5, nonce)
        head.unsigned(6, body.count)
        return Digest.hmac(key: key, head.bytes, body)
    }
}

public enum ReplyMAC {
    public static let header = "PHI-MAC"

    /// - Parameter retryAfterS: the value of Retry-After, nil where the reply has none.
    public static func compute(
        key: [UInt8], request: RequestMAC, status: Int, retryAfterS: Int?, body: [UInt8]
    ) -> Digest32 {
        var head = ProtoWriter(reserving: 96)
        head.string(1, "reply")
        head.data(2, request.mac.bytes)
        head.unsigned(3, status)
        head.unsigned(4, retryAfterS.map { max(0, $0) + 1 } ?? 0)
        head.unsigned(5, body.count)
        return Digest.hmac(key: key, head.bytes, body)
    }
}

/// The report key of a device: derived, so that the database holds none. The counter moves on when
/// the key is rotated or revoked.
public enum ReportKey {
    public static func derive(master: [UInt8], device: DeviceID, counter: UInt64) -> [UInt8] {
        Digest.hkdf(
            key: master, salt: Array("phi-report-key-1".utf8),
            info: device.bytes + Array(" \(counter)".utf8))
    }
}
