// `phi-agent signal`: what a workload says of its present period, from a shell.

import LocalAPI

extension Subcommand {
    static let signal = Subcommand(
        name: "signal", arguments: "[entropy=X] [value=X]",
        summary: "tell the agent about the workload's present period",
        discussion: """
            entropy: how uncertain the input is; value: how much the period is worth.
            Each lies between 0 and 1, with 0.5 neutral, and counts for three of the
            agent's intervals. The answer is the decision in force: what is said acts
            on the next one.
            """,
        flags: [LocalTalk.socketFlag, LocalTalk.jsonFlag],
        examples: [Example("a period that matters", "phi-agent signal value=0.9 entropy=0.4")],
        exits: LocalTalk.exits
    ) { arguments in
        LocalTalk.ask("signal", arguments) { line in
            "factor \(Shown.number("factor", in: line, decimals: 3)), "
                + "\(Shown.number("bitDepth", in: line, decimals: 0)) bits, "
                + "at most \(Shown.mebibytes("memoryCeilingBytes", in: line)) MiB, "
                + "\(JSONGlance.text("state", in: line) ?? "-")\n"
        }
    }
}
