// `phi-agent doctor`: what this machine lacks, what is lost by it, and the one line that fixes it.

import Bytes
import System
import Transport

extension Subcommand {
    static let doctor = Subcommand(
        name: "doctor", arguments: "[--json] [OPTION…]",
        summary: "what is missing here, what is lost by it, and how to fix it",
        discussion: """
            It looks and changes nothing, and needs no privilege. Give the options that the
            agent runs with; without any, /etc/phi-agent/agent.conf is read where it is there.
            What only the agent's user may see is told as such: sudo -u phi-agent.
            """,
        flags: [Flag("json", nil, "one JSON object instead of the page")] + Options.flags,
        examples: [
            Example("on a device", "sudo -u phi-agent phi-agent doctor"),
            Example("which capabilities are missing?",
                "phi-agent doctor --json | jq -r '.findings[] | select(.grade==\"missing\").id'"),
        ],
        exits: [
            ExitMeaning("0", "nothing is missing that matters; there may be notes"),
            ExitMeaning("1", "something is missing that matters"), ExitMeaning("2", "wrong usage"),
        ],
        run: runDoctor)

    private static let usualConfiguration = "/etc/phi-agent/agent.conf"

    private static func runDoctor(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            let isJSON = arguments.contains { Text.equal($0, "--json") }
            var rest = arguments.filter { !Text.equal($0, "--json") }
            if rest.isEmpty, FileSystem.exists(usualConfiguration) { rest = ["--config", usualConfiguration] }
            let options = try Options(arguments: rest, readsToken: false)
            guard Curl.start() else { return failed("libcurl can't be started") }
            var facts = DoctorFacts.gather(options, host: DoctorFacts.thisHost(options))
            facts.askServer(options)
            let findings = Diagnosis(facts: facts).findings
            Standard.output(
                isJSON ? DoctorText.json(facts, findings) + "\n" : DoctorText.page(facts, findings))
            return Diagnosis.isWell(findings) ? 0 : 1
        } catch {
            return wrong(error, "doctor")
        }
    }
}
