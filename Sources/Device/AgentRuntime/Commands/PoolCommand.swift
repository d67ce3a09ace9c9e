// `phi-agent pool replay`: a person's own CSV data through the tensor pool, on this machine.

import Bytes
import PoolReplay
import System

extension Subcommand {
    static let pool = Subcommand(
        name: "pool", arguments: "replay [OPTION…] FILE.csv…", verbs: "replay",
        summary: "your own data through the tensor pool",
        discussion: """
            Replays the numeric columns of CSV files (header row, optional time column) through a
            tensor pool until the budget is exhausted or the data have looped 100 times, reads
            every value back and compares it with the input. The value of a period is its
            volatility against what came before it, or a column `value` (0…1) beside the others.
            """,
        flags: [
            Flag("budget", "SIZE", "the pool's bytes (512KiB)"),
            Flag("exact-share", "SHARE", "share of the values that is of high value (0.10)"),
            Flag("bound", "BOUND", "of the rest: 8bit (if none is named), 16bit, exact, policy or mixed"),
            Flag("full-scale", "NAME=LOWER:UPPER", "a column's range; may be repeated"),
            Flag("skip", "NAME", "leave a column out; may be repeated"),
            Flag("json", nil, "one JSON object"),
            Flag("plot", "FILE.svg", "budget filled over time, beside both baselines"),
        ],
        examples: [Example("a log of sensors", "phi-agent pool replay --plot log.svg log.csv")],
        exits: [
            ExitMeaning("0", "well"), ExitMeaning("1", "a value came back wrong, or one of high value degraded"),
            ExitMeaning("2", "wrong usage, or a file it needs is missing or damaged"),
        ],
        run: replayPool)

    /// Largest file that is read, bytes: a day of fifty channels at one a second is a tenth of it.
    private static let replayBytesMax = 512 << 20

    private static func replayPool(_ arguments: [String]) -> Int32 {
        guard let verb = arguments.first, Text.equal(verb, "replay") else {
            return wrong(UsageError("pool: replay?"), "pool")
        }
        do throws(ReplayCommand.Refusal) {
            let command = try ReplayCommand(arguments.dropFirst().map { Array($0.utf8) })
            return command.run(replayEffects())
        } catch {
            let argument = error.argument.isEmpty ? "" : "\(Text.string(error.argument[...])): "
            return wrong(UsageError("pool replay: \(argument)\(error.why)"), "pool")
        }
    }

    private static func replayEffects() -> ReplayEffects {
        ReplayEffects(
            read: { path, piece in
                let path = Text.string(path[...])
                do throws(Errno) {
                    let bytes = try FileSystem.read(path, limit: replayBytesMax)
                    bytes.withUnsafeBytes { piece($0) }
                    return true
                } catch {
                    let hint = error == .tooLong
                        ? "a file has at most \(replayBytesMax >> 20) MiB: give a part of it"
                        : "give the path of a CSV file that this user may read"
                    Standard.error("phi-agent: \(path): \(error.text)\nhint: \(hint)\n")
                    return false
                }
            },
            write: { path, bytes in
                let path = Text.string(path[...])
                do throws(Errno) {
                    try FileSystem.replace(path, with: bytes, durable: false)
                    return true
                } catch {
                    Standard.error(
                        "phi-agent: \(path): \(error.text)\nhint: give --plot a path that this user may write\n")
                    return false
                }
            },
            output: { Standard.output($0) },
            error: { Standard.error($0) },
            progress: { line in
                guard Standard.errorIsTerminal else { return }
                // Back to the line's start, and clear to its end.
                Standard.error("\r\u{1b}[K\(line ?? "")")
            },
            nanoseconds: { UInt64(max(0, Clock.monotonicNs)) })
    }
}
