// The operator's command.

import FleetKit
import Glibc

var environment: [String: String] = [:]
for name in ["HOME", "LOGNAME", "NO_COLOR", "PHIFLEET_HOME", "TERM", "USER", "XDG_CONFIG_HOME"] {
    if let value = getenv(name) { environment[name] = String(cString: value) }
}
let surroundings = Surroundings(
    environment: environment, console: SystemConsole(), timepiece: SystemTimepiece(),
    connect: { CurlClient(caFile: $0) })
exit(Program.run(Array(CommandLine.arguments.dropFirst()), surroundings).rawValue)
