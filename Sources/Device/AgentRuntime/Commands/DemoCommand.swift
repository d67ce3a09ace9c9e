// `phi-agent demo`: five scenes, live on a terminal, a line a cycle into a pipe.

import Bytes
import System

extension Subcommand {
    static let demo = Subcommand(
        name: "demo", arguments: "[--fast]", summary: "the chamber in five scenes, simulated",
        flags: [Flag("fast", nil, "no pauses")],
        examples: [Example("watch it", "phi-agent demo")],
        run: runDemo)

    private static func runDemo(_ arguments: [String]) -> Int32 {
        let isFast = arguments.count == 1 && Text.equal(arguments[0], "--fast")
        guard arguments.isEmpty || isFast else {
            return wrong(UsageError("demo takes --fast or nothing", hint: "phi-agent demo"))
        }
        let isTerminal = Standard.outputIsTerminal
        var demo = Demo(pauseMs: isFast || !isTerminal ? 0 : 120, isTerminal: isTerminal) {
            Standard.output($0)
        }
        demo.run()
        return 0
    }
}
