// Words of the command line → a command and its values, or an error that says what to type.

public struct ParsedArguments: Sendable {
    fileprivate(set) var values: [String: [String]] = [:]
    fileprivate(set) var positionals: [String] = []

    func has(_ option: Option) -> Bool { values[option.name] != nil }
    func value(_ option: Option) -> String? { values[option.name]?.last }
    func values(_ option: Option) -> [String] { values[option.name] ?? [] }
}

/// What the words ask for.
enum Request {
    case run(Command, ParsedArguments)
    /// Help about a command, a group of commands or (empty) everything.
    case help([String])
}

struct ArgumentParser {
    let commands: [Command]

    func parse(_ words: [String]) throws(Failure) -> Request {
        let (path, rest) = split(words)
        let asksHelp = rest.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
        guard let command = commands.first(where: { $0.path == path }) else {
            if asksHelp, rest.allSatisfy({ $0.hasPrefix("-") }) { return .help(path) }
            throw unknown(path, rest)
        }
        if asksHelp { return .help(path) }
        return .run(command, try parse(rest, of: command))
    }

    /// Parts the command's words from what follows. Common options may stand before them.
    private func split(_ words: [String]) -> (path: [String], rest: [String]) {
        var path: [String] = []
        var rest: [String] = []
        var index = 0
        while index < words.count {
            let word = words[index]
            if word.hasPrefix("-"), word != "-", word != "--" {
                rest.append(word)
                index += 1
                let known = Common.all.first { "--\($0.name)" == word || $0.short.map { "-\($0)" } == word }
                if known?.value != nil, index < words.count {
                    rest.append(words[index])
                    index += 1
                }
                continue
            }
            let longer = path + [word]
            guard commands.contains(where: { $0.path.starts(with: longer) }) else { break }
            path = longer
            index += 1
            if commands.contains(where: { $0.path == path }) { break }
        }
        return (path, rest + words[index...])
    }

    private func unknown(_ path: [String], _ rest: [String]) -> Failure {
        let lead = (["fleet"] + path).joined(separator: " ")
        let siblings = commands.filter { $0.path.starts(with: path) && $0.path.count > path.count }
        guard let word = rest.first(where: { !$0.hasPrefix("-") }) else {
            if let option = rest.first {
                return .usage("\(lead): \(option) needs a command before it", hint: "see: \(lead) --help")
            }
            let next = Set(siblings.map { $0.path[path.count] }).sorted().joined(separator: ", ")
            return .usage("\(lead) needs one of: \(next)", hint: "see: \(lead) --help")
        }
        let near = Nearest.name(to: word, among: siblings.map { $0.path[path.count] })
        return .usage(
            path.isEmpty ? "no command “\(word)”" : "\(lead): no command “\(word)”",
            hint: near.map { "did you mean: \(lead) \($0)" } ?? "see: \(lead) --help")
    }

    private func parse(_ words: [String], of command: Command) throws(Failure) -> ParsedArguments {
        var parsed = ParsedArguments()
        var index = 0
        var onlyArguments = false
        while index < words.count {
            let word = words[index]
            index += 1
            if onlyArguments || word == "-" || !word.hasPrefix("-") {
                parsed.positionals.append(word)
            } else if word == "--" {
                onlyArguments = true
            } else {
                var (option, value) = try self.option(word, of: command)
                if option.value != nil, value == nil {
                    guard index < words.count else {
                        throw misuse(command, "--\(option.name) needs a value: \(option.heading.trimmingSpaces)")
                    }
                    value = words[index]
                    index += 1
                }
                try add(option, value, to: &parsed, command)
            }
        }
        try checkPositionals(parsed.positionals, command)
        return parsed
    }

    private func option(_ word: String, of command: Command) throws(Failure) -> (Option, String?) {
        if word.hasPrefix("--") {
            let body = word.dropFirst(2)
            let name = String(body.prefix { $0 != "=" })
            let value = body.firstIndex(of: "=").map { String(body[body.index(after: $0)...]) }
            guard let option = command.everyOption.first(where: { $0.name == name }) else {
                let near = Nearest.name(to: name, among: command.everyOption.map(\.name))
                throw misuse(
                    command, "no option --\(name)", hint: near.map { "did you mean --\($0)" })
            }
            if option.value == nil, value != nil {
                throw misuse(command, "--\(name) takes no value")
            }
            return (option, value)
        }
        let letter = word.dropFirst().first
        guard let option = command.everyOption.first(where: { $0.short == letter && letter != nil })
        else { throw misuse(command, "no option \(word)") }
        let attached = String(word.dropFirst(2))
        if attached.isEmpty { return (option, nil) }
        guard option.value != nil else { throw misuse(command, "no option \(word)") }
        return (option, attached)
    }

    private func add(
        _ option: Option, _ value: String?, to parsed: inout ParsedArguments, _ command: Command
    ) throws(Failure) {
        if !option.repeats, parsed.has(option) {
            throw misuse(command, "--\(option.name) is given twice")
        }
        if let value, !option.choices.isEmpty, !option.choices.contains(value) {
            throw misuse(
                command,
                "--\(option.name) is one of \(option.choices.joined(separator: ", ")), not “\(value)”")
        }
        parsed.values[option.name, default: []].append(value ?? "")
    }

    private func checkPositionals(_ words: [String], _ command: Command) throws(Failure) {
        let least = command.arguments.filter(\.isRequired).count
        if words.count < least {
            throw misuse(command, "\(command.arguments[words.count].name) is missing")
        }
        if words.count > command.arguments.count, command.arguments.last?.repeats != true {
            throw misuse(command, "“\(words[command.arguments.count])” is one word too many")
        }
    }

    private func misuse(_ command: Command, _ what: String, hint: String? = nil) -> Failure {
        .usage("fleet \(command.name): \(what)", hint: hint ?? "see: fleet \(command.name) --help")
    }
}

extension String {
    var trimmingSpaces: String {
        var slice = self[...]
        while slice.first?.isWhitespace == true { slice = slice.dropFirst() }
        while slice.last?.isWhitespace == true { slice = slice.dropLast() }
        return String(slice)
    }
}
