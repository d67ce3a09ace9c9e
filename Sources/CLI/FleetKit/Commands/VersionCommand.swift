import Digest
import Transport

enum VersionCommand {
    static let command = Command(
        path: ["version"], summary: "the version of this command and its libraries",
        common: [.output],
        json: "{\"fleet\", \"libcurl\", \"libcrypto\"}",
        examples: [Example("for a report of a fault", "fleet version -o json")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        if call.wantsJSON {
            let json = JSON.object([
                "fleet": .text(Version.text), "libcurl": .text(Curl.version),
                "libcrypto": .text(Digest.libraryVersion),
            ])
            call.terminal.verbatim(json.pretty)
        } else {
            call.terminal.line("fleet \(Version.text)")
            call.terminal.line("\(Curl.version), libcrypto \(Digest.libraryVersion)")
        }
        return .success
    }
}
