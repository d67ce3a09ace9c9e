// What an agent must remember across a restart, and its text form.
//
// One file holds it all, replaced atomically and fsynced, so that identity, boot counter and
// parameter floor can't disagree. It contains keys: 0600. Lines of `name value`, so that an operator
// can read it; unknown names are kept out, a missing one has a stated meaning.

import Bytes
import Digest
import Model

public struct AgentState: Equatable, Sendable {
    /// 16 random bytes, minted at installation.
    public var installID: [UInt8]
    /// The device's Ed25519 seed.
    public var deviceSeed: [UInt8]
    /// The id these keys were minted for; another one means that the card moved to another board.
    public var device: DeviceID
    /// What the serial number in that id was read from; nil in a file of before it was noted.
    public var serialSource: SerialSource?
    /// From enrolment; nil before.
    public var reportKey: [UInt8]?
    /// Fingerprint of the root key that parameter keys must descend from.
    public var root: Digest32?
    public var labels: [Label] = []
    /// Counts the agent's starts.
    public var boot: UInt64 = 0
    /// The run before ended by itself; false as long as one runs.
    public var wasClean = false
    /// Samples that a clean end could not deliver.
    public var samplesLost: UInt64 = 0
    public var hardwareHash: Digest32?
    /// The newest version ever begun with: nothing at or below it is taken again.
    public var floor: UInt64 = 0
    public var keySetFloor: UInt64 = 0
    /// Envelope of the last good set; nil for the built-in one.
    public var good: [UInt8]?
    /// Envelope of a set on trial.
    public var trial: [UInt8]?
    /// The aggregator's epoch, once one was told.
    public var serverEpoch: UInt64?
    /// Values given up at the spool's cap, since the installation.
    public var dropped = ValueCounts()
    /// What restarts cost, until the aggregator has acknowledged it.
    public var untold: RestartGap?
    /// The write budget's level as this was written; nil before there was one.
    public var writeLeftBytes: Int64?

    public init(installID: [UInt8], deviceSeed: [UInt8], device: DeviceID) {
        self.installID = installID
        self.deviceSeed = deviceSeed
        self.device = device
    }

    /// A new identity for the board with this serial number. Randomness comes from the caller.
    public static func minted(serial: String, random: [UInt8], seed: [UInt8]) -> AgentState {
        AgentState(
            installID: random, deviceSeed: seed,
            device: DeviceID(serial: serial, installID: random))
    }
}

extension AgentState {
    private static let format = "phi-agent-state 1"

    public var text: String {
        var lines = Self.format + "\n"
        func line(_ name: StaticString, _ value: String?) {
            if let value { lines += "\(name) \(value)\n" }
        }
        line("install-id", Hex.encode(installID))
        line("device-seed", Hex.encode(deviceSeed))
        line("device", device.hex)
        line("serial-source", serialSource?.name)
        line("report-key", reportKey.map { Hex.encode($0) })
        line("root", root?.hex)
        for label in labels { line("label", label.text) }
        line("boot", "\(boot)")
        line("clean", wasClean ? "1" : "0")
        line("samples-lost", "\(samplesLost)")
        line("hardware", hardwareHash?.hex)
        line("floor", "\(floor)")
        line("key-set-floor", "\(keySetFloor)")
        line("good", good.map { Hex.encode($0) })
        line("trial", trial.map { Hex.encode($0) })
        line("server-epoch", serverEpoch.map { "\($0)" })
        if dropped.total > 0 {
            line("dropped-low", "\(dropped.low)")
            line("dropped-normal", "\(dropped.normal)")
            line("dropped-high", "\(dropped.high)")
        }
        if let untold {
            line("untold-boot", "\(untold.previousBoot)")
            line("untold-clean", untold.wasClean ? "1" : "0")
            line("untold-lost", untold.samplesLost.map { "\($0)" })
            line("untold-most", untold.samplesLostMost.map { "\($0)" })
        }
        line("write-left-bytes", writeLeftBytes.map { "\($0)" })
        // A file cut short lacks this line and is refused as a whole.
        return lines + "end\n"
    }

    /// nil for a text that isn't a whole state: better to stop than to mint a second identity.
    public init?(text: [UInt8]) {
        let lines = Text.lines(text[...])
        guard let first = lines.first, Text.string(first) == Self.format,
            let last = lines.last, Text.equal(last, "end")
        else { return nil }
        var fields: [String: ArraySlice<UInt8>] = [:]
        var labels: [Label] = []
        for line in lines.dropFirst().dropLast() {
            guard let space = line.firstIndex(of: 0x20) else { return nil }
            let name = Text.string(line[..<space])
            let value = line[(space + 1)...]
            if Text.equal(name, "label") {
                guard let label = Label(Text.string(value)) else { return nil }
                labels.append(label)
            } else {
                fields[name] = value
            }
        }
        func number(_ name: String) -> UInt64? {
            fields[name].flatMap { Text.integer($0) }.flatMap { UInt64(exactly: $0) }
        }
        func bytes(_ name: String) -> [UInt8]? { fields[name].flatMap { Hex.decode($0) } }
        guard let installID = bytes("install-id"), installID.count == 16,
            let seed = bytes("device-seed"), seed.count == 32,
            let device = bytes("device").flatMap({ DeviceID($0) }),
            let boot = number("boot"), let floor = number("floor"),
            let keySetFloor = number("key-set-floor"), let clean = number("clean"),
            let samplesLost = number("samples-lost"),
            // What is written by it is refused from there on.
            boot < 1 << 62
        else { return nil }
        self.init(installID: installID, deviceSeed: seed, device: device)
        self.labels = labels
        self.boot = boot
        self.floor = floor
        self.keySetFloor = keySetFloor
        self.samplesLost = samplesLost
        wasClean = clean == 1
        reportKey = bytes("report-key")
        if let reportKey, reportKey.count != 32 { return nil }
        serialSource = fields["serial-source"].flatMap { SerialSource(name: $0) }
        root = bytes("root").flatMap { Digest32($0) }
        hardwareHash = bytes("hardware").flatMap { Digest32($0) }
        good = bytes("good")
        trial = bytes("trial")
        // Later additions: a state without them is whole.
        serverEpoch = number("server-epoch")
        dropped = ValueCounts(
            low: number("dropped-low") ?? 0, normal: number("dropped-normal") ?? 0,
            high: number("dropped-high") ?? 0)
        if let boot = number("untold-boot") {
            untold = RestartGap(
                previousBoot: boot, wasClean: number("untold-clean") == 1,
                samplesLost: number("untold-lost"), samplesLostMost: number("untold-most"))
        }
        writeLeftBytes = fields["write-left-bytes"].flatMap { Text.integer($0) }
            .flatMap { Int64(exactly: $0) }
    }
}
