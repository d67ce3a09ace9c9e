// JSON → ParameterFile, collecting problems instead of stopping at the first.

import Model

struct ParameterFileReader {
    var file = ParameterFile()
    var problems: [ParameterFile.Problem] = []
    /// Where each value stands, so that a problem between two values has a line too.
    private var lines: [Parameter: Int] = [:]

    mutating func read(_ json: JSON) {
        guard case .object(let members) = json.value else {
            return complain(json.line, "the file should be an object { … }, not \(json.kind)")
        }
        sayDuplicates(members, of: "the file")
        for member in members {
            switch member.name {
            case "profile": readProfile(member.value)
            case "scope": readScope(member.value)
            case "notAfter": readNotAfter(member.value)
            default: readGroup(member)
            }
        }
        for problem in file.values.problems {
            // A value that couldn't be read has its default and its own complaint already.
            complain(lines[problem.parameter] ?? otherLine(problem) ?? json.line, problem.text)
        }
    }

    /// The line of the other value of a pair, when the first one is a default.
    private func otherLine(_ problem: ParameterProblem) -> Int? {
        lines.first { problem.text.contains($0.key.path) }?.value
    }

    private mutating func complain(_ line: Int, _ text: String) {
        problems.append(ParameterFile.Problem(line: line, text: text))
    }

    private mutating func sayDuplicates(_ members: [JSON.Member], of owner: String) {
        var first: [String: Int] = [:]
        for member in members {
            if let line = first[member.name] {
                complain(member.line, "“\(member.name)” stands twice in \(owner), first in line \(line)")
            } else {
                first[member.name] = member.line
            }
        }
    }

    private mutating func readProfile(_ value: JSON) {
        guard let profile = Profile.allCases.first(where: { $0.name == value.string }) else {
            let known = Profile.allCases.map { "\"\($0.name)\"" }.joined(separator: " or ")
            return complain(value.line, "profile should be \(known)")
        }
        file.profile = profile
    }

    private mutating func readNotAfter(_ value: JSON) {
        guard let time = value.string.flatMap(CivilTime.milliseconds) else {
            return complain(
                value.line, "notAfter should be a date in UTC: \"2027-01-31\" or \"2027-01-31T12:00:00Z\"")
        }
        file.notAfterMs = time
    }

    private mutating func readScope(_ value: JSON) {
        guard case .object(let members) = value.value else {
            return complain(value.line, "scope should be {\"labels\": [\"key=value\"], \"devices\": [\"id\"]}")
        }
        sayDuplicates(members, of: "scope")
        for member in members {
            guard case .array(let items) = member.value.value else {
                complain(member.line, "scope.\(member.name) should be a list of texts")
                continue
            }
            for item in items { readScopeItem(item, in: member) }
        }
        if file.scope.devices.count > Scope.deviceCountMax {
            complain(value.line, "more than \(Scope.deviceCountMax) devices: name them by a label")
        }
        if file.scope.labels.count > Label.countMax {
            complain(value.line, "more than \(Label.countMax) labels")
        }
        if members.allSatisfy({ $0.value.items.isEmpty }) {
            complain(value.line, "scope names nobody; leave it out, or name whom")
        }
    }

    private mutating func readScopeItem(_ item: JSON, in member: JSON.Member) {
        switch member.name {
        case "labels":
            guard let label = item.string.flatMap({ Label($0) }) else {
                return complain(item.line, "scope.labels: a label is written \"key=value\"")
            }
            file.scope.labels.append(label)
        case "devices":
            guard let id = item.string.flatMap({ DeviceID(hex: $0) }) else {
                return complain(item.line, "scope.devices: an id has 32 hexadecimal digits")
            }
            file.scope.devices.append(id)
        default: complain(member.line, "scope has no “\(member.name)”; it has labels and devices")
        }
    }

    private mutating func readGroup(_ member: JSON.Member) {
        guard let group = ParameterFile.groups.first(where: { $0.name == member.name }) else {
            let known = ParameterFile.groups.map(\.name) + ["profile", "scope", "notAfter"]
            return complain(
                member.line, "no group “\(member.name)”" + Self.suggestion(member.name, known))
        }
        guard case .object(let values) = member.value.value else {
            return complain(
                member.value.line, "\(group.name) should be an object { … }, not \(member.value.kind)")
        }
        sayDuplicates(values, of: group.name)
        for value in values { readValue(value, in: group.name, group.parameters) }
    }

    private mutating func readValue(
        _ member: JSON.Member, in group: String, _ parameters: [Parameter]
    ) {
        let name = "\(group).\(member.name)"
        guard let parameter = parameters.first(where: { "\($0.description.name)" == member.name })
        else { return complain(member.line, "no parameter \(name)" + suggestion(member.name, parameters)) }
        guard case .number(let text) = member.value.value else {
            return complain(
                member.value.line,
                "\(name) should be a number (\(parameter.description.unit)), not \(member.value.kind)")
        }
        lines[parameter] = member.value.line
        guard let number = Double(text), number.isFinite else {
            return complain(member.value.line, "\(name) = \(text) is larger than any number")
        }
        file.values[parameter] = number
    }

    /// The nearest name in the group; else a parameter of another group that has this very name.
    private func suggestion(_ name: String, _ parameters: [Parameter]) -> String {
        if let other = Parameter.allCases.first(where: { "\($0.description.name)" == name }) {
            return "; did you mean \(other.path)?"
        }
        if let near = Nearest.name(to: name, among: parameters.map { "\($0.description.name)" }) {
            return "; did you mean \(near)?"
        }
        return Self.suggestion(name, Parameter.allCases.map { "\($0.description.name)" })
    }

    private static func suggestion(_ name: String, _ known: [String]) -> String {
        Nearest.name(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
    }
}
