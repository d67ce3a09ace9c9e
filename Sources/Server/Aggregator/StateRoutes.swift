// The fleet in one page, and what monitors ask: /v1/fleet, /metrics, /healthz, /readyz.

import Bytes
import HTTPServer
import Ingest
import Model
import Store
import Synchronization

struct StateRoutes: Sendable {
    let core: FleetCore

    init(_ core: FleetCore) { self.core = core }

    var routes: [Route] {
        [
            Route("GET", "/v1/fleet", .least(.viewer), fleet),
            Route("GET", "/healthz", .open) { $0.reply(.text(200, "ok\n")) },
            Route("GET", "/readyz", .open, ready),
            Route(
                "GET", "/metrics", core.configuration.hasOpenMetrics ? .open : .least(.viewer), metrics),
        ]
    }

    /// As soon as it listens (the database was opened and read before that), and for as long as it can
    /// commit.
    private func ready(_ call: Call) {
        let isFailing = core.counters.isFailing.load(ordering: .relaxed)
        call.reply(isFailing ? .text(503, "the last commit failed\n") : .text(200, "ok\n"))
    }

    private func metrics(_ call: Call) {
        call.reply(
            HTTPResponse(
                200, contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: MetricsPage.render(core)))
    }

    private func fleet(_ call: Call) {
        let view = core.registry.view
        let figures = FleetFigures(view, nowMs: Clock.ledgerMs())
        var writer = JSONWriter()
        writer.beginObject()
        writer.beginObject("devices")
        writer.value(view.devices.count, "total")
        for status in [DeviceStatus.accepted, .pending, .rejected] {
            writer.key(status.name)
            writer.value(figures.byStatus[status] ?? 0)
        }
        writer.value(figures.live, "live")
        writer.value(figures.silent, "silent")
        writer.endObject()
        writer.beginArray("versions")
        for (version, count) in figures.byVersion.sorted(by: { $0.key < $1.key }) {
            writer.beginObject()
            writer.value(version, "version")
            writer.value(count, "count")
            writer.endObject()
        }
        writer.endArray()
        writer.optional(figures.coherence, "coherence")
        if let hottest = figures.hottest {
            writer.beginObject("hottest")
            writer.value(hottest.id.hex, "id")
            writer.value(Double(hottest.milliC) / 1000, "temperatureC")
            writer.endObject()
        } else {
            writer.null("hottest")
        }
        writer.value(Int(Clock.wallMs()), "serverTimeMs")
        writer.value(core.epoch, "epoch")
        writer.value(AggregatorVersion.text, "version")
        writer.endObject()
        call.json(200, writer)
    }
}

/// Sums over all devices.
struct FleetFigures {
    var byStatus: [DeviceStatus: Int] = [:]
    /// Accepted devices that have reported, by the version they run.
    var byVersion: [UInt64: Int] = [:]
    var live = 0
    var silent = 0
    var hottest: (id: DeviceID, milliC: Int)?
    /// Q of the glossary: share of the live devices that run what they should, each weighted by the
    /// agreement of its decision; nil without live devices.
    var coherence: Double?

    init(_ view: FleetView, nowMs: Int64) {
        var agreement = 0.0
        for device in view.devices.values {
            byStatus[device.record.status, default: 0] += 1
            guard device.record.status == .accepted else { continue }
            let isLive = view.isLive(device, nowMs: nowMs)
            if isLive { live += 1 } else { silent += 1 }
            guard let report = device.state.newest?.report else { continue }
            byVersion[report.parameterVersion, default: 0] += 1
            guard isLive else { continue }
            if let milliC = report.sample.temperatureMilliC, milliC > hottest?.milliC ?? Int.min {
                hottest = (device.record.id, milliC)
            }
            let due = view.offers.due(
                device.record.id, labels: device.record.labels, refused: device.refused,
                after: report.parameterVersion)
            if due == nil { agreement += min(1, max(0, report.decision.confidence.agreement)) }
        }
        coherence = live > 0 ? agreement / Double(live) : nil
    }
}
