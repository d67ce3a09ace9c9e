enum ParametersDiffCommand {
    static let command = Command(
        path: ["parameters", "diff"], summary: "what differs between two sets or files",
        arguments: [
            .one("OLD", "a version (4), a file, default, or current"),
            .maybe("NEW", "the same; without it OLD is the new one, and the set in force the old"),
        ],
        json: "{\"old\", \"new\", \"differences\": [{\"parameter\", \"old\", \"new\", \"unit\"}]}",
        examples: [
            Example("what would this file change?", "fleet parameters diff site-a.json"),
            Example("two versions", "fleet parameters diff 4 6"),
            Example("without a server", "fleet parameters diff default site-a.json"),
        ],
        exits: [(.success, "they are the same"), (.differs, "they differ, or it failed")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let words = call.arguments.positionals
        let new = try ParameterSource(words[words.count - 1], call)
        let old = try ParameterSource(words.count > 1 ? words[0] : "current", call)
        let differences = ParameterDifference.between((old.profile, old.values), (new.profile, new.values))
        if call.wantsJSON {
            let json = JSON.object([
                "old": .text(old.name), "new": .text(new.name),
                "differences": ParameterDifference.json(differences),
            ])
            call.terminal.verbatim(json.pretty)
        } else if differences.isEmpty {
            call.terminal.line("\(old.name) and \(new.name) are the same")
        } else {
            call.terminal.line("\(old.name) → \(new.name)")
            call.terminal.table(ParameterDifference.table(differences))
        }
        return differences.isEmpty ? .success : .differs
    }
}
