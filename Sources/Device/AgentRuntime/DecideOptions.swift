// The options of a one-shot `phi-agent decide`, and the machine that they describe.
//
// Whoever gives all of --ram, --cores and --cpu-mhz describes a whole machine: nothing of the running
// one is read, and the same options give the same bits everywhere. Else the decision is for the running
// machine, with what was given put in the place of what was detected.

import Bytes
import Model
import PhiChamber
import Telemetry

struct DecideOptions {
    var isJSON = false
    /// Decide on what this file says, and on nothing else.
    var recording: String?
    var profile = Profile.pi
    var model: String?
    var gpuName: String?
    var gpuMemoryGB: Double?
    var gpuCores: Int?
    var gpuTier: GPUTier?
    var ramGB: Double?
    var cores: Int?
    var cpuMHz: Int?
    var availableMemory: Double?
    var entropy: Double?
    var thermal: Double?
    var value: Double?
    var roots = (sysfs: "/sys", procfs: "/proc")

    static let flags: [Flag] = [
        Flag("profile", "NAME", "normalisers of the scores: pi (default) or desktop"),
        Flag("gpu-memory", "GB", "memory of a GPU's own"),
        Flag("gpu-cores", "N", "its cores"),
        Flag("gpu-tier", "TIER", "integrated, low_end, mid_range, high_end, ultra or extreme"),
        Flag("gpu-name", "TEXT", "its name, which is part of the hardware hash"),
        Flag("ram", "GB", "installed memory"),
        Flag("cores", "N", "CPU cores"),
        Flag("cpu-mhz", "MHZ", "the CPU's top frequency"),
        Flag("model", "TEXT", "the machine's model, which is part of the hardware hash"),
        Flag("available", "SHARE", "memory that is available, 0 to 1 of all"),
        Flag("entropy", "SHARE", "entropy of market or workload, 0 to 1"),
        Flag("thermal", "SHARE", "heat: 0 at the idle temperature, 1 at the soft limit"),
        Flag("value", "SHARE", "value or potential profit, 0 to 1"),
        Flag("sysfs-root", "DIR", "read the running machine below DIR (/sys)"),
        Flag("procfs-root", "DIR", "read the running machine below DIR (/proc)"),
        Flag("json", nil, "one JSON object instead of the table"),
        Flag("replay", "FILE", "a CSV file with a header row; one JSON object a row is printed"),
    ]
    private static let hint = "phi-agent decide --help lists the options"

    init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        /// An option that says something of the machine or the moment.
        var told: String?
        while let argument = rest.popFirst() {
            guard let (name, inline) = Options.split(flag: argument),
                let flag = Self.flags.first(where: { Text.equal(name, $0.name) })
            else { throw UsageError("unknown option: \(argument)", hint: Self.hint) }
            if flag.value == nil {
                guard inline == nil else { throw UsageError("--\(name) takes no value", hint: Self.hint) }
                isJSON = true
                continue
            }
            guard let value = inline ?? rest.popFirst() else {
                throw UsageError("--\(name) needs a value", hint: Self.hint)
            }
            if Text.equal(name, "replay") {
                recording = value
            } else {
                try set(name, value)
                told = name
            }
        }
        if recording != nil, let told {
            throw UsageError(
                "--\(told) and --replay don't go together: all of a decision is in the recording",
                hint: "leave --\(told) out, or --replay")
        }
    }

    private mutating func set(_ name: String, _ value: String) throws(UsageError) {
        switch Array(name.utf8) {
        case Array("profile".utf8):
            guard let found = Profile.allCases.first(where: { $0.name.utf8.elementsEqual(value.utf8) })
            else { throw UsageError("--profile \(value): pi or desktop", hint: Self.hint) }
            profile = found
        case Array("gpu-tier".utf8):
            guard let found = GPUTier.allCases.first(where: { $0.name.utf8.elementsEqual(value.utf8) })
            else {
                throw UsageError(
                    "--gpu-tier \(value): integrated, low_end, mid_range, high_end, ultra or extreme",
                    hint: Self.hint)
            }
            gpuTier = found
        case Array("gpu-name".utf8): gpuName = try Self.name(value, "gpu-name")
        case Array("model".utf8): model = try Self.name(value, "model")
        case Array("gpu-memory".utf8): gpuMemoryGB = try Self.real(value, "gpu-memory", 0.001...4_096)
        case Array("gpu-cores".utf8): gpuCores = try Self.whole(value, "gpu-cores", 1...1_000_000)
        case Array("ram".utf8): ramGB = try Self.real(value, "ram", 0.0625...65_536)
        case Array("cores".utf8): cores = try Self.whole(value, "cores", 1...65_536)
        case Array("cpu-mhz".utf8): cpuMHz = try Self.whole(value, "cpu-mhz", 1...100_000)
        case Array("available".utf8): availableMemory = try Self.real(value, "available", 0...1)
        case Array("entropy".utf8): entropy = try Self.real(value, "entropy", 0...1)
        case Array("thermal".utf8): thermal = try Self.real(value, "thermal", 0...1)
        case Array("value".utf8): self.value = try Self.real(value, "value", 0...1)
        case Array("sysfs-root".utf8): roots.sysfs = value
        default: roots.procfs = value
        }
    }

    private static func real(
        _ text: String, _ name: StaticString, _ bounds: ClosedRange<Double>
    ) throws(UsageError) -> Double {
        guard let number = Text.decimal(text), bounds.contains(number) else {
            let low = Decimal.fixed(bounds.lowerBound, decimals: bounds.lowerBound == 0 ? 0 : 4)
            let high = Decimal.fixed(bounds.upperBound, decimals: 0)
            throw UsageError("--\(name) \(text): a number from \(low) to \(high)", hint: hint)
        }
        return number
    }

    private static func whole(
        _ text: String, _ name: StaticString, _ bounds: ClosedRange<Int64>
    ) throws(UsageError) -> Int {
        guard let number = Text.integer(text), bounds.contains(number) else {
            throw UsageError(
                "--\(name) \(text): a whole number from \(bounds.lowerBound) to \(bounds.upperBound)",
                hint: hint)
        }
        return Int(number)
    }

    /// As long as a report can carry it.
    private static func name(_ text: String, _ name: StaticString) throws(UsageError) -> String {
        guard (1...128).contains(text.utf8.count) else {
            throw UsageError("--\(name): a text of 1 to 128 bytes", hint: hint)
        }
        return text
    }

    // MARK: The machine

    /// Nothing of the running machine is read.
    var describesAll: Bool { ramGB != nil && cores != nil && cpuMHz != nil }

    private var gpu: GPURecord? {
        guard gpuMemoryGB != nil || gpuCores != nil || gpuTier != nil || gpuName != nil else { return nil }
        let memoryGB = gpuMemoryGB ?? 0
        return GPURecord(
            name: gpuName ?? "described", memoryGB: memoryGB, cores: gpuCores ?? 0,
            tier: gpuTier ?? GPUTier(memoryGB: memoryGB, cores: gpuCores ?? 0))
    }

    private var parameters: ParameterSet { ParameterSet(version: 0, profile: profile) }

    /// nil where the running machine is needed and can't be read.
    func scaler() -> AutoScaler? {
        if let ramGB, let cores, let cpuMHz {
            return AutoScaler(
                hardware: HardwareRecord(
                    model: model ?? "described", serial: "", cpuCores: cores, cpuMaxMHz: cpuMHz,
                    memoryBytes: UInt64(ramGB * 1_073_741_824), gpu: gpu), parameters: parameters)
        }
        let detected = AutoScaler.detected(
            roots: SensorRoots(sysfs: roots.sysfs, procfs: roots.procfs), parameters: parameters)
        guard var scaler = detected else { return nil }
        var record = scaler.hardware
        if let model { record.model = model }
        if let ramGB { record.memoryBytes = UInt64(ramGB * 1_073_741_824) }
        if let cores { record.cpuCores = cores }
        if let cpuMHz { record.cpuMaxMHz = cpuMHz }
        if let gpu { record.gpu = gpu }
        scaler.hardwareChanged(to: record)
        return scaler
    }
}
