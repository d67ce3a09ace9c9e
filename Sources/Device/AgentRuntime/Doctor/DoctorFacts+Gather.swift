// Looks: below the roots, at the folders, at the aggregator. It writes nothing, asks for no privilege,
// and what it isn't allowed to see is told as such.

import Bytes
import Model
import System
import Telemetry
import Transport
import Uplink

extension DoctorFacts {
    /// Two looks lie this far apart, ms: shares and rates are of two.
    private static let pauseMs: Int64 = 250
    /// Time for the aggregator to answer, ms.
    private static let serverMs = 8_000

    /// - Parameter host: what no root leads to.
    static func gather(_ options: Options, host: Host) -> DoctorFacts {
        var facts = DoctorFacts()
        facts.host = host
        let sensors = DeviceSensors(
            roots: SensorRoots(sysfs: options.sysfsRoot, procfs: options.procfsRoot))
        _ = sensors.sample(at: .now())
        Clock.sleep(ms: pauseMs)
        let sample = sensors.sample(at: .now())
        facts.model = sensors.hardware()?.model ?? ""
        facts.serialSource = sensors.serials().first?.source ?? .none
        facts.isSerialHidden = sensors.hides(.productUUID)
        facts.sensors = sensors.statuses
        facts.hasTemperature = sensors.hasTemperature
        facts.hwmonReadings = sample.hwmon.count
        facts.hwmonChips = count(in: "\(options.sysfsRoot)/class/hwmon")
        facts.hwmonComputed = sensors.computedCount
        facts.throttle = sample.throttle
        facts.hasFirmwareFile = sensors.hasFirmwareFile
        facts.frequency = sample.frequency
        facts.hasFrequencyPolicy = sensors.hasFrequency
        facts.isFrequencyWritable = FileSystem.isWritable(
            "\(options.sysfsRoot)/devices/system/cpu/cpufreq/policy0/scaling_max_freq")
        facts.memory = sample.memory
        facts.zram = sample.zram
        facts.zramDevice = firstZram("\(options.sysfsRoot)/block") ?? facts.zramDevice
        facts.watchdog = watchdog("\(options.sysfsRoot)/class/watchdog")
        facts.controllers = words("\(options.cgroupRoot)/cgroup.controllers")
        facts.group = options.group.map { group($0, options.cgroupRoot) }
        facts.lookForStalls(options, hasPressure: sensors.hasPressure)
        facts.state = folder(options.stateFolder)
        facts.run = folder(options.runFolder)
        return facts
    }

    /// This machine.
    static func thisHost(_ options: Options) -> Host {
        var host = Host()
        host.isClockSynced = Clock.isSynced
        host.pageBytes = Machine.pageSizeBytes
        host.sensorsLibrary = DeviceSensors.libraryVersion
        host.user = (try? FileSystem.status("/proc/self"))?.owner
        if FileSystem.exists("/run/systemd/system") {
            // journald makes its folder, named after the machine, in one of two places.
            let id = words("/etc/machine-id")?.first ?? ""
            host.isJournalPersistent = !id.isEmpty && FileSystem.exists("/var/log/journal/\(id)")
        }
        return host
    }

    private mutating func lookForStalls(_ options: Options, hasPressure: Bool) {
        self.hasPressure = hasPressure
        let watch = StallWatch(
            procfsRoot: options.procfsRoot,
            groupFolder: options.group.map { "\(options.cgroupRoot)/\($0)" })
        stallSource = watch.source
        if watch.source == .trigger { trigger = .given }
        if let refusal = watch.refusal { trigger = .refused(refusal.text) }
    }

    /// A request that every aggregator answers to anyone.
    mutating func askServer(_ options: Options) {
        guard let address = options.server else { return }
        if options.lacksAuthority {
            server = .insecure("\(address): no ca-file says who may vouch for it")
            return
        }
        let session = CurlSession(
            settings: TransportSettings(
                caFile: options.caFile, connectTimeoutMs: Self.serverMs,
                userAgent: "phi-agent/\(AgentCommand.version)"))
        var url = Array(address.utf8)
        while url.last == 0x2f { url.removeLast() }
        do throws(TransportFault) {
            let reply = try session.perform(
                TransportRequest(
                    method: "GET", url: String(decoding: url, as: UTF8.self) + "/readyz",
                    timeoutMs: Self.serverMs, replyBytesMax: 4096))
            server = reply.status == 200 ? .answers(address) : .odd("\(address) answers with \(reply.status)")
        } catch {
            if case .tls = error { server = .insecure("\(address): \(error.text)") }
            else { server = .unreachable("\(address): \(error.text)") }
        }
    }

    private static func count(in folder: String) -> Int { ((try? FileSystem.list(folder)) ?? []).count }

    private static func words(_ path: String) -> [String]? {
        guard let bytes = try? FileSystem.read(path, limit: 4096) else { return nil }
        return Text.words(bytes[...]).map { Text.string($0) }
    }

    private static func firstZram(_ folder: String) -> String? {
        ((try? FileSystem.list(folder)) ?? []).first { $0.utf8.starts(with: "zram".utf8) }
    }

    private static func watchdog(_ folder: String) -> Watchdog {
        guard let first = ((try? FileSystem.list(folder)) ?? []).first else { return .none }
        // https://docs.kernel.org/watchdog/watchdog-kernel-api.html; the file needs WATCHDOG_SYSFS.
        guard let state = words("\(folder)/\(first)/state")?.first else { return .unknown }
        return Text.equal(state, "active") ? .armed : .idle
    }

    private static func group(_ name: String, _ root: String) -> Group {
        var group = Group(name: name)
        let folder = "\(root)/\(name)"
        group.exists = FileSystem.exists("\(folder)/cgroup.controllers") || FileSystem.exists("\(folder)/cpu.max")
        guard group.exists else { return group }
        for control in controls {
            let path = "\(folder)/\(control)"
            if !FileSystem.exists(path) {
                group.absent.append(control)
            } else if !FileSystem.isWritable(path) {
                group.locked.append(control)
            }
        }
        return group
    }

    private static func folder(_ path: String) -> Folder {
        var folder = Folder(path: path)
        guard let status = try? FileSystem.status(path), status.isFolder else { return folder }
        folder.exists = true
        folder.owner = status.owner
        folder.isWritable = FileSystem.isWritable(path)
        folder.keyMode = (try? FileSystem.status("\(path)/state"))?.mode
        return folder
    }
}
