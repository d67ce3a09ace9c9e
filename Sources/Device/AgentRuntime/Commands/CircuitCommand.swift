// `phi-agent circuit`: the self-test, or one OpenQASM 2 program, on this device.

import Bytes
import Circuit
import System

/// What the command line asks for.
struct CircuitOptions {
    var file: String?
    var isJSON = false
    var procfsRoot = "/proc"
    var sysfsRoot = "/sys"
    var settings = TrialSettings()

    static let budgetMin = 64 << 10
    static let hint = "phi-agent circuit [--qasm FILE] [--json] [--budget 16MiB] [--shots N] [--seed N]"

    init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if Text.equal(argument, "--json") {
                isJSON = true
                continue
            }
            guard let value = rest.popFirst() else {
                throw UsageError("\(argument): unknown, or without its value", hint: Self.hint)
            }
            if Text.equal(argument, "--qasm") {
                file = value
            } else if Text.equal(argument, "--budget") {
                settings.budgetBytes = try Self.bytes(value)
            } else if Text.equal(argument, "--shots") {
                settings.shots = Int(try Self.number(value, "--shots", 1...Int64(Simulator.shotsMax)))
            } else if Text.equal(argument, "--seed") {
                settings.seed = UInt64(try Self.number(value, "--seed", 0...Int64.max))
            } else if Text.equal(argument, "--procfs-root") {
                procfsRoot = value
            } else if Text.equal(argument, "--sysfs-root") {
                sysfsRoot = value
            } else {
                throw UsageError("unknown option: \(argument)", hint: Self.hint)
            }
        }
    }

    private static func number(
        _ text: String, _ name: StaticString, _ bounds: ClosedRange<Int64>
    ) throws(UsageError) -> Int64 {
        guard let number = Text.integer(text), bounds.contains(number) else {
            throw UsageError(
                "\(name) \(text): a whole number, \(bounds.lowerBound) to \(bounds.upperBound)",
                hint: hint)
        }
        return number
    }

    /// `64KiB`, `16MiB`, `1GiB`.
    private static func bytes(_ text: String) throws(UsageError) -> Int {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
        let unit = bytes[digits.count...]
        var factor: Int64?
        if Text.equal(unit, "KiB") {
            factor = 1 << 10
        } else if Text.equal(unit, "MiB") {
            factor = 1 << 20
        } else if Text.equal(unit, "GiB") {
            factor = 1 << 30
        }
        guard let factor, let number = Text.integer(digits), number < 1 << 20,
            number * factor >= Int64(budgetMin)
        else { throw UsageError("--budget \(text): at least 64KiB, e.g. 16MiB, 1GiB", hint: hint) }
        return Int(number * factor)
    }
}

extension Subcommand {
    static let circuit = Subcommand(
        name: "circuit", arguments: "[OPTION…]", summary: "self-test, or an OpenQASM 2 program",
        flags: [
            Flag("qasm", "FILE", "simulate FILE at 81, 64, 16 and 8 bits; without it, the self-test"),
            Flag("json", nil, "one JSON object; what isn't the same on every machine is \"measured\""),
            Flag("budget", "SIZE", "memory for everything held at one time, e.g. 64KiB; 16MiB"),
            Flag("shots", "N", "measurements drawn (1024)"),
            Flag("seed", "N", "seed of the draws (1)"),
            Flag("procfs-root", "DIR", "read processor and memory use below DIR (/proc)"),
            Flag("sysfs-root", "DIR", "read power and GPU use below DIR (/sys)"),
        ],
        examples: [
            Example("the self-test", "phi-agent circuit"),
            Example("a program of your own", "phi-agent circuit --qasm ghz.qasm --budget 64MiB"),
        ],
        exits: exitsOfReader, run: runCircuit)

    private static func runCircuit(_ arguments: [String]) -> Int32 {
        let options: CircuitOptions
        do throws(UsageError) { options = try CircuitOptions(arguments) } catch {
            return wrong(error, "circuit")
        }
        let resources = ResourceFiles(procfs: options.procfsRoot, sysfs: options.sysfsRoot)
        // An allocation beyond what is there would end the process, or another one.
        if let available = resources.read().memoryAvailableKiB,
            Double(options.settings.budgetBytes) > available * 1024
        {
            return failed(
                "--budget: \(options.settings.budgetBytes) bytes, and \(Int(available)) KiB are available",
                hint: "give a smaller --budget")
        }
        guard let file = options.file else {
            let report = SelfTest.run(
                settings: options.settings, nowNs: { Clock.monotonicNs },
                resources: { resources.read() })
            Standard.output(options.isJSON ? report.json + "\n" : report.table)
            return report.isSound ? 0 : 1
        }
        let source: [UInt8]
        do throws(Errno) { source = try FileSystem.read(file, limit: QasmLimits.sourceBytes) } catch {
            return wrong(
                UsageError(
                    "\(file): \(error.text)",
                    hint: error == .tooLong
                        ? "a program has at most \(QasmLimits.sourceBytes >> 10) KiB"
                        : "give --qasm the path of an OpenQASM 2 program"), "circuit")
        }
        do throws(QasmError) {
            let program = try Program(qasm: source)
            let name = Array(file.utf8).split(separator: 0x2f).last.map { Text.string($0) } ?? file
            let report = SelfTest.run(
                program, name: name, settings: options.settings, nowNs: { Clock.monotonicNs },
                resources: { resources.read() })
            Standard.output(options.isJSON ? report.json + "\n" : report.table)
            return report.isSound ? 0 : 1
        } catch {
            return wrong(
                UsageError("\(file):\(error.description)", hint: "OpenQASM 2 is read; mend that line"), "circuit")
        }
    }
}

/// The kernel's files that a reading is made of.
struct ResourceFiles {
    var procfs: String
    var sysfs: String

    func read() -> ResourceReading {
        var reading = ResourceReading(
            stat: file("\(procfs)/stat"), loadavg: file("\(procfs)/loadavg"),
            threadsMax: file("\(procfs)/sys/kernel/threads-max"), meminfo: file("\(procfs)/meminfo"))
        // x86: energy of the first package, where the process may read it.
        // https://docs.kernel.org/power/powercap/powercap.html
        reading.energyMicroJ = number("\(sysfs)/class/powercap/intel-rapl:0/energy_uj")
        // Boards: a power monitor such as an INA219 on a HAT; the first that there is.
        // https://docs.kernel.org/hwmon/sysfs-interface.html
        for chip in folders("\(sysfs)/class/hwmon") where reading.powerMicroW == nil {
            reading.powerMicroW = number("\(chip)/power1_input")
        }
        reading.timeNs = Clock.monotonicNs
        for card in folders("\(sysfs)/class/drm") where reading.vectorAll == nil {
            reading.readV3D(file("\(card)/device/gpu_stats"))
        }
        return reading
    }

    private func folders(_ path: String) -> [String] {
        do throws(Errno) { return try FileSystem.list(path).map { "\(path)/\($0)" } } catch {
            return []
        }
    }

    private func number(_ path: String) -> Double? {
        let text = file(path)
        return Text.integer(Text.trimmed(text[...])).map { Double($0) }
    }

    private func file(_ path: String) -> [UInt8] {
        do throws(Errno) { return try FileSystem.read(path) } catch { return [] }
    }
}
