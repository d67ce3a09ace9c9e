// Parameter sets that were pushed, for operators to read.

import Bytes
import HTTPServer
import Ingest
import Model
import Store
import Wire

struct ParameterRoutes: Sendable {
    let core: FleetCore

    init(_ core: FleetCore) { self.core = core }

    /// GET /v1/parameters is shared with devices: see DeviceRoutes.
    var routes: [Route] {
        [Route("GET", "/v1/parameters/*", .least(.viewer), show)]
    }

    func list(_ call: Call) {
        guard core.folder.operators.find(authorization: call.request.authorization) != nil else {
            return call.fail(
                Problem(status: 401, code: "token", detail: "a device's MAC or an operator's token is needed"))
        }
        let view = core.registry.view
        var writer = JSONWriter()
        writer.beginObject()
        if let next = view.nextVersion { writer.value(next, "next") } else { writer.null("next") }
        writer.beginArray("sets")
        for record in view.sets.values.sorted(by: { $0.version < $1.version }) {
            writer.beginObject()
            writer.value(record.version, "version")
            writer.value(record.set.previousVersion, "previousVersion")
            writer.value(Int(record.createdMs), "createdMs")
            writer.value(record.author, "author")
            writer.value(record.message, "message")
            if let rollout = view.rollouts.first(where: { $0.plan.version == record.version }) {
                writer.value(rollout.plan.id.hex, "rolloutID")
            } else {
                writer.null("rolloutID")
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        call.json(200, writer)
    }

    private func show(_ call: Call) {
        guard let version = UInt64(call.captures[0]), let record = core.registry.view.sets[version] else {
            return call.fail(
                Problem(
                    status: 404, code: "version", detail: "no parameter set \(call.captures[0])",
                    hint: "look at: fleet parameters history"))
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.value(record.version, "version")
        writer.value(record.set.previousVersion, "previousVersion")
        writer.value(Int(record.set.createdMs), "createdMs")
        writer.value(Int(record.set.notAfterMs), "notAfterMs")
        writer.value(record.set.profile.name, "profile")
        writer.scope(record.set.scope)
        writer.values(record.set.values)
        writer.value(record.author, "author")
        writer.value(record.message, "message")
        writer.value(Hex.encode(record.envelope.encoded()), "envelopeHex")
        writer.endObject()
        call.json(200, writer)
    }
}

extension JSONWriter {
    mutating func scope(_ scope: Scope) {
        beginObject("scope")
        beginArray("devices")
        for device in scope.devices { value(device.hex) }
        endArray()
        beginArray("labels")
        for label in scope.labels { value(label.text) }
        endArray()
        endObject()
    }

    /// {"group": {"name": value}}: the table lists a group's parameters one after another.
    fileprivate mutating func values(_ values: ParameterValues) {
        beginObject("values")
        var group = ""
        for parameter in Parameter.allCases {
            let description = parameter.description
            if "\(description.group)" != group {
                if !group.isEmpty { endObject() }
                group = "\(description.group)"
                key(group)
                beginObject()
            }
            key("\(description.name)")
            value(values[parameter])
        }
        if !group.isEmpty { endObject() }
        endObject()
    }
}
