enum CompletionCommand {
    static let command = Command(
        path: ["completion", "bash"], summary: "print a completion script for bash",
        common: [],
        examples: [
            Example("for this shell", "source <(fleet completion bash)"),
            Example(
                "for every shell of yours",
                "fleet completion bash > ~/.local/share/bash-completion/completions/fleet"),
        ],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        call.terminal.verbatim(Completion.bash(Program.commands))
        return .success
    }
}
