// `phi-agent version`, also as `--version`.

import Digest
import System
import Transport

extension Subcommand {
    static let version = Subcommand(
        name: "version", arguments: "", summary: "the version, and those of its libraries",
        examples: [Example("which libraries are inside?", "phi-agent version")],
        run: { _ in
            Standard.output(
                "phi-agent \(AgentCommand.version)\n\(Curl.version)\nOpenSSL \(Digest.libraryVersion)\n")
            return 0
        })
}
