// Looks: below the roots, at the folders, at the aggregator. It writes nothing, asks for no privilege,
// and what it isn't allowed to see is told as such.

import AgentCore
import Bytes
import Governor
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
        facts.lookAtGroup(options)
        facts.lookForStalls(options, hasPressure: sensors.hasPressure)
        facts.state = folder(options.stateFolder)
        facts.run = folder(options.runFolder)
        facts.enrolment = enrolment(options)
        facts.token = token(options)
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

    private mutating func lookAtGroup(_ options: Options) {
        guard let name = options.group else { return }
        var configuration = GovernorConfiguration(
            cgroupRoot: options.cgroupRoot, group: name, journalPath: "", cpuCores: 1)
        configuration.sysfsRoot = options.sysfsRoot
        configuration.scalesFrequency = options.scalesFrequency
        configuration.by = options.governBy
        configuration.helperSocket = options.helperSocket
        var group = Group(name: name)
        if let look = configuration.look() {
            (group.exists, group.writer) = (look.exists, look.writer)
            (group.locked, group.absent) = (look.locked, look.absent)
        }
        var isAsked = false
        if case .helper(_, .answers) = group.writer { isAsked = true }
        if case .helper(_, .taken) = group.writer, options.isAgentThere != false {
            group.held = Self.held(options.runFolder)
            isAsked = group.held != nil
        }
        // With its word the caps are the helper's to write, else they are this user's.
        if isAsked, options.scalesFrequency {
            isFrequencyWritable = !(group.locked + (group.held?.missing ?? [])).contains(where: Self.isCap)
        }
        // The caps have a finding of their own.
        group.locked.removeAll(where: Self.isCap)
        group.absent.removeAll(where: Self.isCap)
        group.held?.missing.removeAll(where: Self.isCap)
        self.group = group
    }

    private static func isCap(_ file: String) -> Bool { file.utf8.starts(with: "cpufreq/".utf8) }

    /// An agent tells its decision at least once an hour, ms.
    private static let heldMsMax = 3_700_000.0

    private static func held(_ folder: String) -> Held? {
        guard let text = try? FileSystem.read("\(folder)/decision.json"), let json = FlatJSON(text),
            json.text("governedBy").map({ Text.equal($0, "helper") }) == true,
            let mode = json.text("controlMode"), let atMs = json.number("monotonicMs"),
            (0...heldMsMax).contains(Double(Clock.boottimeMs) - atMs)
        else { return nil }
        return Held(mode: mode, missing: json.items("missing").compactMap { json.text($0) })
    }

    private static func enrolment(_ options: Options) -> Enrolment {
        let bytes: [UInt8]
        do throws(Errno) { bytes = try FileSystem.read("\(options.stateFolder)/state") } catch {
            if options.server == nil { return .noServer }
            return error.isMissing ? .notYet : .hidden
        }
        guard let state = AgentState(text: bytes) else { return .damaged }
        if state.reportKey != nil { return .enrolled }
        return options.server == nil ? .noServer : .notYet
    }

    private static func token(_ options: Options) -> Token {
        guard let file = options.tokenFile else { return options.token == nil ? .none : .given }
        do throws(Errno) {
            let text = Text.string(try FileSystem.read(file, limit: 64 * 1024)[...])
            return Options.token(in: text) == nil ? .unusable("\(file): no token stands in it") : .given
        } catch {
            let text = "\(file): \(error.text)"
            return error.isForbidden ? .hidden(text) : .unusable(text)
        }
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
