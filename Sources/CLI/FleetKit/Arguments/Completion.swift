// A completion script for bash, from the table of commands. It asks no server: a shell must not
// hang on a Tab.

enum Completion {
    static func bash(_ commands: [Command]) -> String {
        var lines = [
            "# bash completion for fleet; load it with: source <(fleet completion bash)",
            "_fleet() {",
            "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}",
            "    local path='' part index",
            "    for ((index = 1; index < COMP_CWORD; index++)); do",
            "        part=${COMP_WORDS[index]}",
            "        case \"$path $part\" in",
        ]
        let prefixes = Set(commands.flatMap { command in
            command.path.indices.map { command.path[...$0].joined(separator: " ") }
        }).sorted()
        for prefix in prefixes { lines.append("            ' \(prefix)') path=' \(prefix)' ;;") }
        lines += ["        esac", "    done", "    case \"$before\" in"]
        for (names, words) in valueCases(commands) {
            lines.append("        \(names)) COMPREPLY=($(compgen \(words) -- \"$word\")); return ;;")
        }
        lines += ["    esac", "    case \"$path\" in"]
        for group in groups(commands) {
            lines.append(offer(group.isEmpty ? "" : " " + group, nextWords(group, commands)))
        }
        for command in commands where !command.everyOption.isEmpty {
            let names = command.everyOption.map { "--\($0.name)" }
            lines.append(offer(" " + command.name, names))
        }
        lines += ["    esac", "}", "complete -o default -F _fleet fleet"]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func offer(_ path: String, _ words: [String]) -> String {
        "        '\(path)') COMPREPLY=($(compgen -W '\(words.joined(separator: " "))' -- \"$word\")) ;;"
    }

    private static func groups(_ commands: [Command]) -> [String] {
        [""] + Set(commands.filter { $0.path.count > 1 }.map { $0.path[0] }).sorted()
    }

    private static func nextWords(_ group: String, _ commands: [Command]) -> [String] {
        let depth = group.isEmpty ? 0 : 1
        let inside = commands.filter { depth == 0 || ($0.path[0] == group && $0.path.count > 1) }
        return Set(inside.map { $0.path[depth] }).sorted()
    }

    /// Options whose value a shell can complete: choices, files and folders.
    private static func valueCases(_ commands: [Command]) -> [(String, String)] {
        var cases: [String: String] = [:]
        for option in commands.flatMap(\.everyOption) {
            let names = "--\(option.name)" + (option.short.map { "|-\($0)" } ?? "")
            if !option.choices.isEmpty {
                cases[names] = "-W '\(option.choices.joined(separator: " "))'"
            } else if option.value == "FILE" {
                cases[names] = "-f"
            } else if option.value == "DIR" {
                cases[names] = "-d"
            }
        }
        return cases.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
