// /metrics in Prometheus' text format. Units stand last in the names; `promtool check metrics` is a test.
// https://prometheus.io/docs/instrumenting/exposition_formats/

import Bytes
import Ingest
import Model
import Rollout
import Store
import Synchronization

enum MetricsPage {
    static func render(_ core: FleetCore) -> [UInt8] {
        var page = MetricsWriter()
        let view = core.registry.view
        counters(core, &page)
        fleet(view, core, &page)
        devices(view, &page)
        return page.bytes
    }

    private static func counters(_ core: FleetCore, _ page: inout MetricsWriter) {
        let counters = core.counters
        page.family("phi_reports_total", "counter", "Reports received, by what became of them.")
        for result in ReportResult.allCases {
            page.sample("phi_reports_total", ("result", result.name), Double(counters.value(result)))
        }
        page.family("phi_enrolments_total", "counter", "Enrolments asked for, by what became of them.")
        for result in EnrolmentResult.allCases {
            page.sample("phi_enrolments_total", ("result", result.name), Double(counters.value(result)))
        }
        page.family("phi_http_responses_total", "counter", "Replies by status.")
        for (status, count) in counters.responsesByStatus {
            page.sample("phi_http_responses_total", ("status", "\(status)"), Double(count))
        }
        page.single("phi_chunks_total", "counter", "Sealed chunks stored.", load(counters.chunks))
        page.family("phi_samples_total", "counter", "Samples in chunks, each stored once; and those that came again.")
        page.sample("phi_samples_total", ("result", "stored"), load(counters.samples))
        page.sample("phi_samples_total", ("result", "repeat"), load(counters.repeatedSamples))
        page.single(
            "phi_chain_breaks_total", "counter", "Reports that don't follow from the one before them.",
            load(counters.chainBreaks))
        page.single(
            "phi_envelopes_sent_total", "counter", "Parameter sets handed to devices.",
            load(counters.envelopes))
        let server = core.server.withLock { $0 }
        page.single(
            "phi_commit_failures_total", "counter", "Group commits that failed.",
            load(counters.commitFailures))
        page.single(
            "phi_http_connections", "gauge", "Open connections.", Double(server?.connectionCount ?? 0))
        page.single(
            "phi_http_slow_connections_total", "counter", "Connections cut for being too slow.",
            Double(server?.cutTotal ?? 0))
        page.single(
            "phi_http_refused_bodies_total", "counter", "Requests refused for the size of their body.",
            Double(server?.refusedBodiesTotal ?? 0))
        page.single(
            "phi_http_crowded_out_total", "counter",
            "Requests refused while other requests' bodies filled the memory for them.",
            Double(server?.crowdedOutTotal ?? 0))
        page.single(
            "phi_http_buffered_bytes", "gauge", "Bytes of request bodies in memory.",
            Double(server?.bufferedByteCount ?? 0))
        page.single(
            "phi_held_requests", "gauge", "Requests for parameters that wait.", Double(core.held.count))
        page.single(
            "phi_commit_queue_depth", "gauge", "Reports and tasks that wait for a commit.",
            Double(core.committer.queueDepth))
        page.histogram(
            "phi_commit_seconds", "Time a group commit takes, its sync included.", counters.commitSeconds)
        page.family("phi_build_info", "gauge", "The server's version.")
        page.sample("phi_build_info", ("version", AggregatorVersion.text), 1)
    }

    private static func fleet(_ view: FleetView, _ core: FleetCore, _ page: inout MetricsWriter) {
        let figures = FleetFigures(view, nowMs: Clock.ledgerMs())
        page.family("phi_devices", "gauge", "Devices by status.")
        for status in DeviceStatus.allCases {
            page.sample("phi_devices", ("status", status.name), Double(figures.byStatus[status] ?? 0))
        }
        page.single("phi_devices_live", "gauge", "Accepted devices heard of lately.", Double(figures.live))
        page.family("phi_devices_by_parameter_version", "gauge", "Devices by the parameter version they run.")
        for (version, count) in figures.byVersion.sorted(by: { $0.key < $1.key }) {
            page.sample("phi_devices_by_parameter_version", ("version", "\(version)"), Double(count))
        }
        if let coherence = figures.coherence {
            page.single("phi_fleet_coherence_ratio", "gauge", "Fleet coherence Q.", coherence)
        }
        page.family("phi_rollouts", "gauge", "Rollouts by state.")
        for phase in RolloutPhase.all {
            let count = view.rollouts.filter { $0.phase == phase }.count
            page.sample("phi_rollouts", ("state", phase.name), Double(count))
        }
        page.single(
            "phi_start_time_seconds", "gauge", "When this server started, since 1970.",
            Double(view.startedMs) / 1000)
    }

    private static func devices(_ view: FleetView, _ page: inout MetricsWriter) {
        let devices = view.devices.values.sorted { $0.record.number < $1.record.number }
        func gauge(_ name: StaticString, _ help: StaticString, _ read: (KnownDevice) -> Double?) {
            page.family(name, "gauge", help)
            for device in devices {
                guard let value = read(device) else { continue }
                page.sample(name, ("device", device.record.id.hex), value)
            }
        }
        gauge("phi_device_temperature_celsius", "Hottest zone in the newest report.") {
            $0.state.newest?.report.sample.temperatureMilliC.map { Double($0) / 1000 }
        }
        gauge("phi_device_memory_available_bytes", "MemAvailable in the newest report.") {
            $0.state.newest?.report.sample.memory.map { Double($0.availableBytes) }
        }
        gauge("phi_device_busy_ratio", "Share of all cores' time that was not idle, in the newest report.") {
            $0.state.newest?.report.sample.busyShare
        }
        gauge("phi_device_sensors_failed", "Sensors that gave no plausible value in the newest report.") {
            ($0.state.newest?.report.sample.health).map { Double(max(0, $0.known - $0.healthy)) }
        }
        gauge("phi_device_decision_factor_ratio", "The decision's factor in the newest report.") {
            $0.state.newest?.report.decision.factor
        }
        gauge("phi_device_runtime_extension_ratio", "Runtime extension against 81 bits a value.") {
            $0.state.newest?.report.pool.extension81
        }
        gauge("phi_device_parameter_version", "The parameter version in force.") {
            ($0.state.newest?.report.parameterVersion).map { Double($0) }
        }
        gauge("phi_device_last_seen_timestamp_seconds", "When the device was last heard of, since 1970.") {
            $0.state.lastSeenMs.map { Double($0) / 1000 }
        }
        gauge("phi_device_gaps", "Open gaps in the device's history.") { Double($0.state.openGaps.count) }
        gauge("phi_device_spool_bytes", "What waits on the device's disk, in the newest report.") {
            ($0.state.newest?.report.spool?.usedBytes).map { Double($0) }
        }
        gauge("phi_device_dropped_values", "Values given up at the spool's cap since the installation.") {
            ($0.state.newest?.report.spool?.dropped.total).map { Double($0) }
        }
        gauge("phi_device_forks", "Places that two reports claim.") { Double($0.state.forks.count) }
    }

    private static func load(_ counter: borrowing Atomic<Int>) -> Double {
        Double(counter.load(ordering: .relaxed))
    }
}

struct MetricsWriter {
    private(set) var bytes: [UInt8] = []

    mutating func family(_ name: StaticString, _ type: StaticString, _ help: StaticString) {
        add("# HELP \(name) \(help)\n# TYPE \(name) \(type)\n")
    }

    mutating func single(_ name: StaticString, _ type: StaticString, _ help: StaticString, _ value: Double) {
        family(name, type, help)
        add("\(name) \(value)\n")
    }

    /// Label values are names and numbers of ours: nothing in them needs escaping.
    mutating func sample(_ name: StaticString, _ label: (name: StaticString, value: String), _ value: Double) {
        add("\(name){\(label.name)=\"\(label.value)\"} \(value)\n")
    }

    mutating func histogram(_ name: StaticString, _ help: StaticString, _ histogram: Histogram) {
        family(name, "histogram", help)
        for (bound, count) in zip(Histogram.boundsS, histogram.buckets) {
            add("\(name)_bucket{le=\"\(bound)\"} \(count)\n")
        }
        add("\(name)_bucket{le=\"+Inf\"} \(histogram.count)\n")
        add("\(name)_sum \(histogram.sumS)\n\(name)_count \(histogram.count)\n")
    }

    private mutating func add(_ text: String) { bytes += text.utf8 }
}
