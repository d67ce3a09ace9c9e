// `phi-agent decide`: decisions on recorded observations, as the agent would have made them.

import Bytes
import System

extension Subcommand {
    /// Largest recording that is read, bytes: a month of observations at ten seconds is half of it.
    private static let recordingBytesMax = 64 << 20

    static let decide = Subcommand(
        name: "decide", arguments: "--replay FILE", summary: "decisions on recorded observations (CSV)",
        discussion: """
            Columns: time_ms temperature_milli_c memory_total_kib memory_available_kib
            pressure_percent frequency_khz frequency_max_khz frequency_ceiling_khz throttle
            entropy value model serial cpu_cores cpu_max_mhz pool_pressure busy_share.
            An empty field is "no data".
            """,
        flags: [Flag("replay", "FILE", "a CSV file with a header row; one JSON object a row is printed")],
        examples: [Example("what would it have done?", "phi-agent decide --replay observations.csv")],
        run: replayDecisions)

    private static func replayDecisions(_ arguments: [String]) -> Int32 {
        guard arguments.count == 2, Text.equal(arguments[0], "--replay") else {
            return wrong(
                UsageError("decide takes --replay FILE", hint: "phi-agent decide --help shows the columns"))
        }
        let path = arguments[1]
        let bytes: [UInt8]
        do throws(Errno) { bytes = try FileSystem.read(path, limit: recordingBytesMax) } catch {
            return failed("\(path): \(error.text)")
        }
        do throws(ReplayError) {
            for line in try DecisionReplay.lines(bytes) { Standard.output(line + "\n") }
            return 0
        } catch {
            return failed("\(path):\(error.line): \(error.text)")
        }
    }
}
