enum ParametersLintCommand {
    static let command = Command(
        path: ["parameters", "lint"], summary: "check parameter files, without a server",
        discussion: ["Says everything that is wrong at once: FILE:LINE: what."],
        arguments: [.some("FILE", "parameter files (JSON)")],
        common: [.output],
        json: "{\"files\": [{\"file\", \"problems\": [{\"line\", \"text\"}]}]}",
        examples: [Example("before a commit", "fleet parameters lint fleet/parameters/*.json")],
        exits: [(.success, "all files are well"), (.differs, "something is wrong, or can't be read")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        var isWell = true
        var files: [JSON] = []
        for path in call.arguments.positionals {
            let problems = ParameterFile.read(try Files.read(path)).problems
            isWell = isWell && problems.isEmpty
            if call.wantsJSON {
                let list = problems.map { problem in
                    JSON.object(["line": .number(problem.line), "text": .text(problem.text)])
                }
                files.append(.object(["file": .text(path), "problems": .array(list)]))
            } else {
                for problem in problems { call.terminal.line("\(path):\(problem.line): \(problem.text)") }
                if problems.isEmpty { call.terminal.line("\(path): well") }
            }
        }
        if call.wantsJSON { call.terminal.verbatim(JSON.object(["files": .array(files)]).pretty) }
        return isWell ? .success : .differs
    }
}
