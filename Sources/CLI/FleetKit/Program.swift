// The operator's command: words in, an exit code out. `fleet`'s main.swift is only its face.

public enum Program {
    public static let commands: [Command] = [
        ServerInitCommand.command, ServerRenewCommand.command,
        KeyGenerateCommand.command, KeyListCommand.command,
        EnrollTokenCommand.command, EnrollListCommand.command, EnrollRevokeCommand.command,
        DevicesListCommand.command, DevicesShowCommand.command,
        DevicesJudgeCommand.accept, DevicesJudgeCommand.reject,
        StatusCommand.command, RuntimeCommand.command,
        ParametersShowCommand.command, ParametersListCommand.command,
        ParametersDiffCommand.command, ParametersLintCommand.command,
        ParametersDefaultCommand.command,
        PushCommand.command,
        RolloutListCommand.command, RolloutShowCommand.command,
    ] + RolloutVerbCommand.all + [
        VersionCommand.command, CompletionCommand.command, HelpCommand.command,
    ]

    /// Runs the words after the program's name.
    public static func run(_ words: [String], _ surroundings: Surroundings) -> ExitCode {
        let terminal = Terminal(surroundings.console, environment: surroundings.environment)
        do {
            return try run(words, surroundings, terminal)
        } catch {
            terminal.fail(error)
            return error.exit
        }
    }

    private static func run(_ words: [String], _ surroundings: Surroundings, _ terminal: Terminal)
        throws(Failure) -> ExitCode
    {
        switch try ArgumentParser(commands: commands).parse(words.isEmpty ? ["--help"] : words) {
        case .help(let path):
            terminal.verbatim(Help.text(for: path, in: commands))
            // Nothing was asked for: a script that forgot its command should notice.
            return words.isEmpty ? .usage : .success
        case .run(let command, let arguments):
            let call = Invocation(
                arguments: arguments, surroundings: surroundings, terminal: terminal)
            let exit = try command.run(call)
            terminal.endProgress()
            return exit
        }
    }
}
