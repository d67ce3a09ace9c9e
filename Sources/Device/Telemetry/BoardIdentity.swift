// What tells this board from all others: the first half of a device's identity, the other being the
// UUID minted at installation.
//
// ARM boards tell a serial number by the device tree. PCs and servers have the product UUID of DMI,
// which root alone may read. Where neither speaks, an id derived from machine-id stands in: derived,
// since machine-id(5) asks not to be handed around. It is the weakest: a cloned card carries it along.
//
// An identity rests on one of them for good. A machine whose agent once ran as root and now doesn't is
// still the same machine; that its UUID can't be read any more must not make it another one.

import Bytes
import Digest
import Model
import System

public struct BoardSerial: Sendable {
    public let text: String
    public let source: SerialSource
}

struct BoardSerials {
    let sysfsRoot: String
    let procfsRoot: String
    /// /etc/machine-id of the same machine; nil for fixtures.
    let machineIDPath: String?
    /// What all is read through.
    let evidence: Evidence

    /// Those that can be read, best first; never empty.
    var all: [BoardSerial] {
        var found: [BoardSerial] = []
        if let serial = deviceTree { found.append(BoardSerial(text: serial, source: .deviceTree)) }
        if let uuid = productUUID { found.append(BoardSerial(text: uuid, source: .productUUID)) }
        if let id = machineID { found.append(BoardSerial(text: id, source: .machineID)) }
        return found.isEmpty ? [BoardSerial(text: "", source: .none)] : found
    }

    /// The source is there and this user may not read it.
    func hides(_ source: SerialSource) -> Bool {
        guard source == .productUUID else { return false }
        let path = "\(sysfsRoot)/class/dmi/id/product_uuid"
        return FileSystem.exists(path) && evidence.bytes(path) == nil
    }

    /// The one of `source`, else the best there is.
    func serial(of source: SerialSource?) -> String {
        let all = all
        return (all.first { $0.source == source } ?? all.first)?.text ?? ""
    }

    /// The tree is at firmware/devicetree in sysfs; /proc/device-tree is its old name.
    private var deviceTree: String? {
        evidence.text("\(sysfsRoot)/firmware/devicetree/base/serial-number")
            ?? evidence.text("\(procfsRoot)/device-tree/serial-number")
    }

    private var productUUID: String? {
        let uuid = evidence.text("\(sysfsRoot)/class/dmi/id/product_uuid")
        return uuid.flatMap { Self.isDistinct($0) ? $0 : nil }
    }

    private var machineID: String? {
        guard let machineIDPath, let id = evidence.text(machineIDPath) else { return nil }
        let digest = Digest.sha256(Array("phi-machine\0\(id)".utf8))
        return "machine-\(Hex.encode(digest.bytes.prefix(8)))"
    }

    /// Boards whose maker set no UUID show all zeros or all ones.
    private static func isDistinct(_ uuid: String) -> Bool {
        var seen: UInt8?
        for byte in uuid.utf8 where byte != 0x2d {
            if let seen, seen != byte { return true }
            seen = byte
        }
        return false
    }
}
