// What protoc must read in what makes a device one of a fleet: enrolment, parameter sets and the keys
// that sign them.

import CoreTesting
import Model

extension Expected {
    init(_ request: EnrolRequest, signature: [UInt8]) {
        text("token", request.token)
        bytes("public_key", request.publicKey.bytes)
        bytes("install_id", request.installID)
        message("hardware") { $0.hardware(request.hardware) }
        for label in request.labels { self.label(label) }
        text("agent_version", request.agentVersion)
        bytes("signature", signature)
    }

    init(_ reply: EnrolReply) {
        bytes("device", reply.device.bytes)
        bytes("report_key", reply.reportKey)
        bool("is_accepted", reply.isAccepted)
        number("server_time_ms", reply.serverTimeMs)
        number("server_epoch", reply.serverEpoch)
    }

    init(_ set: ParameterSet) {
        number("version", set.version)
        number("previous_version", set.previousVersion)
        number("created_ms", set.createdMs)
        number("not_after_ms", set.notAfterMs)
        enumerator(
            "profile",
            { switch set.profile {
            case .pi: "PROFILE_PI"
            case .desktop: "PROFILE_DESKTOP"
            } }())
        for device in set.scope.devices { bytes("devices", device.bytes) }
        for label in set.scope.labels { self.label(label, name: "labels") }
        for parameter in Parameter.allCases {
            double(parameter.schemaName, set.values[parameter], optional: true)
        }
    }

    init(_ keys: KeySet) {
        number("version", keys.version)
        for key in keys.keys { bytes("keys", key.bytes) }
    }

    init(_ envelope: Envelope) {
        bytes("payload", envelope.payload)
        number("key_id", envelope.keyID.value)
        bytes("signature", envelope.signature)
        bytes("key_set", envelope.keySet)
        bytes("root", envelope.root.bytes)
        bytes("root_signature", envelope.rootSignature)
    }
}

extension Parameter {
    /// The case's name as the schema writes it: memoryFloorMiB is memory_floor_mib.
    var schemaName: String {
        var name = ""
        for character in "\(self)".replacing("MiB", with: "Mib").replacing("KiB", with: "Kib") {
            name += character.isUppercase ? "_\(character.lowercased())" : "\(character)"
        }
        return name
    }
}
