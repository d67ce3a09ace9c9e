// A completion script for bash, from the table of commands.

import Bytes

enum Completion {
    static var bash: String {
        var names = ""
        for command in Subcommand.all { names += (names.isEmpty ? "" : " ") + "\(command.name)" }
        var text = """
            # bash completion for phi-agent; load it with: source <(phi-agent completion)
            _phi_agent() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} index
                # Behind "--" stands another program's command line.
                for ((index = 1; index < COMP_CWORD; index++)); do
                    if [ "${COMP_WORDS[index]}" = -- ]; then return; fi
                done
                case "$before" in

            """
        for (options, action) in [(valued("FILE"), "-f"), (valued("DIR"), "-d")] {
            text += "        \(options)) COMPREPLY=($(compgen \(action) -- \"$word\")); return ;;\n"
        }
        text += "    esac\n    if [ \"$COMP_CWORD\" = 1 ]; then\n"
        text += "        COMPREPLY=($(compgen -W '\(names)' -- \"$word\")); return\n    fi\n"
        text += "    case \"${COMP_WORDS[1]}\" in\n"
        for command in Subcommand.all where !command.flags.isEmpty {
            var flags = ""
            for flag in command.flags { flags += "--\(flag.name) " }
            if command.verbs.utf8CodeUnitCount > 0 {
                text += "        \(command.name)) if [ \"$COMP_CWORD\" = 2 ]; then\n"
                text += "            COMPREPLY=($(compgen -W '\(command.verbs) --help' -- \"$word\")); return\n"
                text += "        fi\n"
                text += "        COMPREPLY=($(compgen -W '\(flags)--help' -- \"$word\")) ;;\n"
                continue
            }
            text += "        \(command.name)) COMPREPLY=($(compgen -W '\(flags)--help' -- \"$word\")) ;;\n"
        }
        text += "        help) COMPREPLY=($(compgen -W '\(names)' -- \"$word\")) ;;\n"
        return text + "    esac\n}\ncomplete -o default -F _phi_agent phi-agent\n"
    }

    /// The options whose value is such a placeholder, as a pattern of `case`.
    private static func valued(_ placeholder: StaticString) -> String {
        var seen: [String] = []
        for flag in Subcommand.all.flatMap({ $0.flags }) {
            guard let value = flag.value, Text.equal("\(value)", placeholder) else { continue }
            let name = "--\(flag.name)"
            if !seen.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { seen.append(name) }
        }
        var pattern = ""
        for name in seen { pattern += (pattern.isEmpty ? "" : "|") + name }
        return pattern
    }
}
