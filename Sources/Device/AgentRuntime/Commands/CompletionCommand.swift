// `phi-agent completion` and `phi-agent manual`: what a package installs beside the program.

import System

extension Subcommand {
    static let completion = Subcommand(
        name: "completion", arguments: "", summary: "print a completion script for bash",
        examples: [Example("for this shell", "source <(phi-agent completion)")],
        run: { _ in
            Standard.output(Completion.bash)
            return 0
        })

    static let manual = Subcommand(
        name: "manual", arguments: "", summary: "print the manual page",
        examples: [Example("read it without a package", "phi-agent manual | man -l -")],
        run: { _ in
            Standard.output(Manual.page)
            return 0
        })
}
