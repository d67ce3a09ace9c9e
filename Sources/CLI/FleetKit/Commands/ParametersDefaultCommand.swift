enum ParametersDefaultCommand {
    static let command = Command(
        path: ["parameters", "default"], summary: "print a parameter file with every default",
        common: [],
        examples: [Example("a file to begin from", "fleet parameters default > site-a.json")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        call.terminal.verbatim(ParameterFile().json.pretty)
        return .success
    }
}
