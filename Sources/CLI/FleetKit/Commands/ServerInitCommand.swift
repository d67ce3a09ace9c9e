// `fleet server init`: the keys, certificates and tokens of a new fleet, in two folders.

enum ServerInitCommand {
    private static let data = Option.value("data", "DIR", "the server's new data folder (required)")
    private static let operatorFolder = Option.value(
        "operator", "DIR", "the operator's new folder (default: the one that --home would find)")
    private static let host = Option.value(
        "host", "NAME[,NAME|IP…]",
        "names and addresses that devices and operators reach the server by (required without --plain)")
    private static let port = Option.value("port", "N", "the server's port (default 8440)")
    private static let name = Option.value("name", "NAME", "the operator's name (default: the user's)")
    private static let plain = Option.flag(
        "plain", "no certificates: a trial over HTTP on this machine alone")
    private static let force = Option.flag(
        "force", "when a folder isn't empty, set it aside as DIR.old-TIME and make a new one")

    static let command = Command(
        path: ["server", "init"],
        summary: "make the keys, certificates and tokens of a new fleet",
        discussion: [
            "Writes two folders, readable by their owner only. Keep the operator's to yourself: it holds the "
                + "keys that parameters are signed with, which the server never sees. Move root.key and ca.key "
                + "offline when you can; only key generate needs root.key, and only server renew needs ca.key.",
            "Certificates: an authority of the fleet's own (EC P-256, valid for \(Certificates.authorityDays) "
                + "days, may sign end certificates only) and one for the server (valid for "
                + "\(Certificates.serverDays) days). Both are valid from a day ago on, for boards that wake up "
                + "without a clock.",
            "Nothing is written unless all of it can be.",
        ],
        usage: "--data DIR (--host NAME[,NAME|IP…] | --plain) [options]",
        options: [data, operatorFolder, host, port, name, plain, force],
        common: [.output, .home],
        json: "{\"data\", \"operator\", \"server\", \"rootFingerprint\", \"parameterKey\", \"setAside\": [folders]}",
        examples: [
            Example(
                "a real server, and this user as its operator",
                "fleet server init --data /var/lib/phifleet --host fleet.example,192.0.2.7"),
            Example(
                "a trial on this machine",
                "fleet server init --plain --data ./server --operator ./operator"),
        ],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let arguments = call.arguments
        guard let folder = arguments.value(data) else {
            throw .usage("fleet server init: --data is missing", hint: "see: fleet server init --help")
        }
        let plan = FleetFoundation(
            data: folder.withoutTrailingSlash,
            operatorFolder: (arguments.value(operatorFolder) ?? call.home.folder).withoutTrailingSlash,
            hosts: try hosts(arguments), port: try port(arguments),
            operatorName: try operatorName(arguments.value(name) ?? call.author),
            isForced: arguments.has(force), nowMs: call.timepiece.nowMs)
        let made = try plan.lay()
        if call.wantsJSON {
            call.terminal.verbatim(made.json.pretty)
        } else {
            show(made, call)
        }
        return .success
    }

    /// Empty for a plain trial.
    private static func hosts(_ arguments: ParsedArguments) throws(Failure) -> [String] {
        let hosts = try Certificates.hosts(arguments.value(host))
        if arguments.has(plain) {
            guard hosts.isEmpty else {
                throw .usage(
                    "--plain and --host exclude each other", hint: "certificates are for --host; leave --plain out")
            }
            return []
        }
        guard !hosts.isEmpty else {
            throw .usage(
                "fleet server init: --host is missing",
                hint: "name what devices reach the server by: --host fleet.example,192.0.2.7")
        }
        return hosts
    }

    private static func port(_ arguments: ParsedArguments) throws(Failure) -> Int {
        guard let text = arguments.value(port) else { return 8440 }
        guard let number = Int(text), (1...65_535).contains(number) else {
            throw .usage("--port: “\(text)” is no port", hint: "1 to 65535")
        }
        return number
    }

    /// It becomes a word in a line of the server's operators file.
    private static func operatorName(_ name: String) throws(Failure) -> String {
        guard (1...63).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw .usage("--name: “\(name)” is no name", hint: "one word of ASCII letters, digits and marks")
        }
        return name
    }

    private static func show(_ made: FleetFoundation.Made, _ call: Invocation) {
        let terminal = call.terminal
        for folder in made.setAside { terminal.line("set aside     \(folder)") }
        terminal.line("server        \(made.plan.data)  (for phi-aggregator --data)")
        terminal.line("operator      \(made.plan.operatorFolder)  (keep it to yourself)")
        terminal.line("address       \(made.plan.server)")
        terminal.line("root          \(made.rootFingerprint)")
        if !made.plan.isPlain {
            let end = ServerCertificate.end(nowMs: call.timepiece.nowMs)
            terminal.line("certificate   for \(made.plan.hosts.joined(separator: ", ")), until \(end)")
        }
        terminal.line()
        let home = OperatorHome.folder(option: nil, environment: call.surroundings.environment)
        let option = home == made.plan.operatorFolder ? "" : " --home \(made.plan.operatorFolder)"
        terminal.line("next: phi-aggregator --data \(made.plan.data)\(made.plan.listenOption)")
        terminal.line("      fleet\(option) enroll token")
    }
}

extension String {
    var withoutTrailingSlash: String {
        var text = self
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        return text
    }
}
