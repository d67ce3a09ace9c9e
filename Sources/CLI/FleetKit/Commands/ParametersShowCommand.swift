import Model

enum ParametersShowCommand {
    static let command = Command(
        path: ["parameters", "show"], summary: "a set's values, beside the defaults and limits",
        arguments: [
            .maybe(
                "VERSION",
                "which set (default: the newest that converged for every device); 0: the built-in defaults"),
        ],
        json: "the set, as GET /v1/parameters/{version} gives it; for the built-in defaults {\"version\": 0, "
            + "\"profile\", \"values\"}",
        examples: [
            Example("what the fleet runs", "fleet parameters show"),
            Example("an older one", "fleet parameters show 4"),
        ],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let source = try ParameterSource(call.arguments.positionals.first ?? "current", call)
        if call.wantsJSON {
            call.terminal.verbatim(source.json.pretty)
            return .success
        }
        call.terminal.line(Styled(source.name, .bold))
        if let set = source.set {
            let age = Format.ago(set.createdMs, now: call.timepiece.nowMs).plain
            call.terminal.line("for \(set.scope.text), by \(set.author), \(age): \(set.message)")
            if let end = set.json["notAfterMs"].integer, end > 0 {
                call.terminal.line("expires \(CivilTime.text(end))")
            }
        }
        call.terminal.line("profile \(source.profile.name)")
        var table = Table([
            .left("PARAMETER"), .right("VALUE"), .right("DEFAULT"), .left("LIMITS"), .left("UNIT"), .text("MEANING"),
        ])
        for parameter in Parameter.allCases {
            let description = parameter.description
            let value = source.values[parameter]
            let limits = description.limits
            table.add([
                Styled(parameter.path),
                Styled(Format.exact(value), value == description.standard ? .plain : .bold),
                Styled(Format.exact(description.standard), .dim),
                Styled("\(Format.brief(limits.lowerBound))…\(Format.brief(limits.upperBound))", .dim),
                Styled(ParameterDifference.unitText(parameter)), Styled("\(description.meaning)"),
            ])
        }
        call.terminal.table(table)
        return .success
    }
}
