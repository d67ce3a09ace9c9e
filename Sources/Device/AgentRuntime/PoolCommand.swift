// `phi-agent pool replay`: a person's own CSV data through the tensor pool, on this machine.

import Bytes
import PoolReplay
import System

extension AgentCommand {
    /// Largest file that is read, bytes: a day of fifty channels at one a second is a tenth of it.
    private static let replayBytesMax = 512 << 20

    static func pool(_ arguments: [String]) -> Int32 {
        guard let verb = arguments.first, Text.equal(verb, "replay") else {
            Standard.error(ReplayCommand.usage)
            return 2
        }
        do throws(ReplayCommand.Refusal) {
            let command = try ReplayCommand(arguments.dropFirst().map { Array($0.utf8) })
            return command.run(replayEffects())
        } catch {
            let argument = Text.string(error.argument[...])
            Standard.error("phi-agent: pool replay: \(argument): \(error.why)\n\(ReplayCommand.usage)")
            return 2
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
                    Standard.error("phi-agent: \(path): \(error.text)\n")
                    return false
                }
            },
            write: { path, bytes in
                let path = Text.string(path[...])
                do throws(Errno) {
                    try FileSystem.replace(path, with: bytes, durable: false)
                    return true
                } catch {
                    Standard.error("phi-agent: \(path): \(error.text)\n")
                    return false
                }
            },
            output: { Standard.output($0) },
            progress: { line in
                guard Standard.errorIsTerminal else { return }
                // Back to the line's start, and clear to its end.
                Standard.error("\r\u{1b}[K\(line ?? "")")
            },
            nanoseconds: { UInt64(max(0, Clock.monotonicNs)) })
    }
}
