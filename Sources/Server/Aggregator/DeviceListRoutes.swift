// Devices as operators see and judge them.

import Bytes
import HTTPServer
import Ingest
import Merge
import Model
import Store
import Synchronization

struct DeviceListRoutes: Sendable {
    let core: FleetCore

    init(_ core: FleetCore) { self.core = core }

    var routes: [Route] {
        [
            Route("GET", "/v1/devices", .least(.viewer), list),
            Route("GET", "/v1/devices/*", .least(.viewer), show),
            Route("GET", "/v1/devices/*/history", .least(.viewer), history),
            Route("GET", "/v1/devices/*/runs", .least(.viewer), runs),
            Route("POST", "/v1/devices/*/accept", .least(.operator)) { judge($0, .accepted) },
            Route("POST", "/v1/devices/*/reject", .least(.operator)) { judge($0, .rejected) },
        ]
    }

    private func list(_ call: Call) {
        var labels: [Label] = []
        var status: DeviceStatus?
        for (name, value) in call.request.query {
            switch name {
            case "label":
                guard let label = Label(value) else {
                    return call.fail(
                        Problem(status: 422, code: "label", detail: "'\(value)' isn't key=value"))
                }
                labels.append(label)
            case "status":
                guard let known = DeviceStatus.allCases.first(where: { $0.name == value }) else {
                    return call.fail(
                        Problem(
                            status: 422, code: "status",
                            detail: "'\(value)' is no status; there are pending, accepted, rejected"))
                }
                status = known
            default: break
            }
        }
        let view = core.registry.view
        let nowMs = Clock.ledgerMs()
        var writer = JSONWriter()
        writer.beginObject()
        writer.beginArray("devices")
        for device in view.devices.values.sorted(by: { $0.record.number < $1.record.number }) {
            if let status, device.record.status != status { continue }
            guard labels.allSatisfy({ device.record.labels.contains($0) }) else { continue }
            writer.device(device, isLive: view.isLive(device, nowMs: nowMs))
        }
        writer.endArray()
        writer.endObject()
        call.json(200, writer)
    }

    private func show(_ call: Call) {
        let view = core.registry.view
        do {
            let device = try core.device(call.captures[0], in: view)
            call.json(200, Self.page(device, view))
        } catch { call.fail(error) }
    }

    private static func page(_ device: KnownDevice, _ view: FleetView) -> JSONWriter {
        var writer = JSONWriter()
        writer.device(device, isLive: view.isLive(device, nowMs: Clock.ledgerMs()))
        return writer
    }

    private func judge(_ call: Call, _ status: DeviceStatus) {
        let id: DeviceID
        do { id = try core.device(call.captures[0], in: core.registry.view).record.id } catch {
            return call.fail(error)
        }
        let registry = core.registry
        core.committer.perform({ try $0.set(status, of: id) }) { result in
            switch result {
            case .success:
                let view = registry.view
                guard let device = view.devices[id] else { return call.fail(Problem(status: 404, code: "device", detail: "no device \(id.hex)")) }
                call.json(200, Self.page(device, view))
            case .failure(let error): call.fail(error)
            }
        }
    }

    private func history(_ call: Call) {
        // A page of a table or a chart; more than that is an export's work.
        let limit = min(1000, max(1, call.request.argument("limit").flatMap { Int($0) } ?? 100))
        let number: Int64
        do { number = try core.device(call.captures[0], in: core.registry.view).record.number } catch {
            return call.fail(error)
        }
        core.reader.read(
            { store in
                var writer = JSONWriter()
                writer.beginObject()
                writer.beginArray("reports")
                try store.history(device: number, limit: limit) { writer.historyLine($0, receivedMs: $1) }
                writer.endArray()
                writer.endObject()
                call.json(200, writer)
            }, fail: { call.fail($0) })
    }

    /// What is stored of a device's series, and how its times are dated.
    private func runs(_ call: Call) {
        let limit = min(1000, max(1, call.request.argument("limit").flatMap { Int($0) } ?? 100))
        let number: Int64
        do { number = try core.device(call.captures[0], in: core.registry.view).record.number } catch {
            return call.fail(error)
        }
        core.reader.read(
            { store in
                var writer = JSONWriter()
                writer.beginObject()
                writer.beginArray("runs")
                for run in try store.runs(device: number, limit: limit) { writer.runLine(run) }
                writer.endArray()
                writer.endObject()
                call.json(200, writer)
            }, fail: { call.fail($0) })
    }
}
