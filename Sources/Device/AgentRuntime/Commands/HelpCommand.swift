// `phi-agent help [COMMAND]`, also as `phi-agent COMMAND --help`.

import System

extension Subcommand {
    static let help = Subcommand(
        name: "help", arguments: "[COMMAND]", summary: "this list, or a command's options",
        examples: [Example("the options of run", "phi-agent help run")],
        run: { arguments in
            guard let name = arguments.first else {
                Standard.output(Help.overview)
                return 0
            }
            guard let command = AgentCommand.find(name) else { return AgentCommand.unknown(name) }
            Standard.output(Help.text(command))
            return 0
        })
}
