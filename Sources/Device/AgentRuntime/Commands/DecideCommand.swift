// `phi-agent decide`: one decision from what is given on the command line, with every metric that went
// into it; or decisions on recorded observations, as the agent would have made them.

import Bytes
import Governor
import Model
import PhiChamber
import System

extension Subcommand {
    /// Largest recording that is read, bytes: a month of observations at ten seconds is half of it.
    private static let recordingBytesMax = 64 << 20

    static let decide = Subcommand(
        name: "decide", arguments: "[OPTION…] | --replay FILE",
        summary: "one decision with all its metrics, or those on a recording",
        discussion: """
            With --ram, --cores and --cpu-mhz a whole machine is described, and the running
            one isn't looked at: three quarters of its memory count as available unless
            --available says otherwise, and a signal that isn't given is absent. Without them
            the decision is for the running machine, and what is given replaces what was read.

            One observation alone would leave the state superposed, in which nothing is
            applied. So the same observation is made five times, a second apart, which is what
            the observer, the median filter and the predictor want to see. The figures are
            those of the fifth; the predictor's quality is 1, since nothing moved. Where there
            is no temperature it is 0 and the state stays superposed: --thermal gives one.

            --replay decides on what a recording says, as the agent would have made it; of
            the other options it takes --json alone, which is its form anyway.

            Columns of a recording: time_ms temperature_milli_c memory_total_kib
            memory_available_kib pressure_percent frequency_khz frequency_max_khz
            frequency_ceiling_khz throttle entropy value model serial cpu_cores cpu_max_mhz
            pool_pressure busy_share. An empty field is "no data".
            """,
        flags: DecideOptions.flags,
        examples: [
            Example("this machine, now", "phi-agent decide --value 0.9"),
            Example(
                "with another GPU",
                "phi-agent decide --profile desktop --gpu-memory 8 --gpu-cores 4864 --entropy 0.9"),
            Example("what would it have done?", "phi-agent decide --replay observations.csv"),
        ],
        exits: exitsOfReader
    ) { arguments in
        do throws(UsageError) {
            let options = try DecideOptions(arguments)
            if let recording = options.recording { return try replayDecisions(recording) }
            return decideOnce(options)
        } catch {
            return wrong(error, "decide")
        }
    }

    private static func decideOnce(_ options: DecideOptions) -> Int32 {
        guard var scaler = options.scaler() else {
            return failed(
                "the memory of this machine can't be read from \(options.roots.procfs)/meminfo",
                hint: "describe a machine with --ram, --cores and --cpu-mhz")
        }
        // A described machine has a clock of its own: its decision must not depend on ours.
        let decision = scaler.computeScaling(
            entropy: options.entropy, thermal: options.thermal, value: options.value,
            availableMemory: options.availableMemory, atMs: options.describesAll ? 0 : nil)
        guard let explanation = scaler.explanation else { return failed("no decision was made") }
        var json = JSONWriter()
        json.beginObject()
        json.value(true, "oneShot")
        json.value(AutoScaler.warmUpObservations, "observations")
        json.beginArray("assumed")
        if options.describesAll, options.availableMemory == nil { json.value("available memory") }
        json.endArray()
        DecisionFile.write(decision, &json)
        explanation.write(into: &json)
        json.beginArray("wouldApply")
        if decision.isApplicable {
            for write in Plan.writes(of: decision, cpuCores: scaler.hardware.cpuCores) {
                json.beginObject()
                json.value(write.control.file, "file")
                json.value(write.value, "value")
                json.endObject()
            }
        }
        json.endArray()
        json.endObject()
        if options.isJSON {
            Standard.output(json.text + "\n")
            return 0
        }
        guard let flat = FlatJSON(json.bytes) else { return failed("the decision can't be shown") }
        var table = MetricsTable()
        table.show(flat)
        Standard.output(table.text)
        return 0
    }

    private static func replayDecisions(_ path: String) throws(UsageError) -> Int32 {
        let bytes: [UInt8]
        do throws(Errno) { bytes = try FileSystem.read(path, limit: recordingBytesMax) } catch {
            throw UsageError(
                "\(path): \(error.text)",
                hint: error == .tooLong
                    ? "a recording has at most \(recordingBytesMax >> 20) MiB: give a part of it"
                    : "give --replay the path of a CSV file that this user may read")
        }
        do throws(ReplayError) {
            for line in try DecisionReplay.lines(bytes) { Standard.output(line + "\n") }
            return 0
        } catch {
            throw UsageError(
                "\(path):\(error.line): \(error.text)", hint: "phi-agent decide --help shows the columns")
        }
    }
}
