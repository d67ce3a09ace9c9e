enum HelpCommand {
    static let command = Command(
        path: ["help"], summary: "list the commands, or explain one",
        arguments: [.any("COMMAND", "the command's words; none: all commands")],
        common: [],
        examples: [Example("the same as fleet rollout show --help", "fleet help rollout show")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let path = call.arguments.positionals
        guard Program.commands.contains(where: { $0.path.starts(with: path) }) else {
            throw .usage("no command “\(path.joined(separator: " "))”", hint: "see: fleet help")
        }
        call.terminal.verbatim(Help.text(for: path, in: Program.commands))
        return .success
    }
}
