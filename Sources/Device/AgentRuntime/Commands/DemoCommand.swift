// `phi-agent demo`: five scenes, live on a terminal, a line a cycle into a pipe.

import Bytes
import System

extension Subcommand {
    static let demo = Subcommand(
        name: "demo", arguments: "[--fast]", summary: "the chamber in five scenes, simulated",
        discussion: """
            Normal, volatile, hot, profitable, and a change of hardware. A live picture on a
            terminal of 60 columns or more, one line a second of simulated time elsewhere.
            Nothing of this machine is read or governed. NO_COLOR=1 leaves colour out.
            """,
        flags: [Flag("fast", nil, "no pauses")],
        examples: [Example("watch it", "phi-agent demo")],
        run: runDemo)

    private static func runDemo(_ arguments: [String]) -> Int32 {
        let isFast = arguments.count == 1 && Text.equal(arguments[0], "--fast")
        guard arguments.isEmpty || isFast else {
            return wrong(UsageError("demo takes --fast or nothing", hint: "phi-agent demo"), "demo")
        }
        let form = DemoView.form(
            isTerminal: Standard.outputIsTerminal, columns: Standard.outputColumns,
            terminal: Process.environment("TERM"), noColour: Process.environment("NO_COLOR"))
        let isLive = !isFast && Standard.outputIsTerminal
        var demo = Demo(pauseMs: isLive ? 120 : 0, view: DemoView(form)) { Standard.output($0) }
        demo.run()
        return 0
    }
}
