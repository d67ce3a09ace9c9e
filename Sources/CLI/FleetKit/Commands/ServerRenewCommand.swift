// `fleet server renew`: a new certificate for the server, by the authority that the fleet trusts.

enum ServerRenewCommand {
    private static let data = Option.value("data", "DIR", "the server's data folder (required)")
    private static let operatorFolder = Option.value(
        "operator", "DIR", "the folder with ca.crt and ca.key (default: the one that --home would find)")
    private static let host = Option.value(
        "host", "NAME[,NAME|IP…]",
        "names and addresses that devices and operators reach the server by (required)")

    static let command = Command(
        path: ["server", "renew"],
        summary: "make a new certificate for the server, by the same authority",
        discussion: [
            "Replaces server.crt and server.key in the server's data folder and touches nothing else: "
                + "devices and operators trust the authority, so they notice nothing. The certificate is "
                + "valid for \(Certificates.serverDays) days, from a day ago on. Give every name and "
                + "address again; one that is left out is reached no more.",
            "The server reads its certificate when it starts: restart it afterwards.",
        ],
        usage: "--data DIR --host NAME[,NAME|IP…] [options]",
        options: [data, operatorFolder, host],
        common: [.output, .home],
        json: "{\"data\", \"hosts\": [names and addresses], \"until\": date}",
        examples: [
            Example(
                "on the server, with the authority on a stick",
                "fleet server renew --data /var/lib/phifleet --operator /media/stick --host fleet.example"),
        ],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let arguments = call.arguments
        let help = "see: fleet server renew --help"
        guard let folder = arguments.value(data)?.withoutTrailingSlash else {
            throw .usage("fleet server renew: --data is missing", hint: help)
        }
        let hosts = try Certificates.hosts(arguments.value(host))
        guard !hosts.isEmpty else {
            throw .usage("fleet server renew: --host is missing", hint: help)
        }
        let home = OperatorHome(
            folder: (arguments.value(operatorFolder) ?? call.home.folder).withoutTrailingSlash)
        guard Files.isFolder(folder) else {
            throw Failure("there is no folder \(folder)", hint: "a new fleet begins with: fleet server init")
        }
        let authority = try text(home.path("ca.crt"))
        let key = try text(home.path("ca.key"))
        let made = try ServerCertificate(hosts: hosts, authority: authority, authorityKey: key)
        try Files.replace(
            (folder + "/server.key", Array(made.key.utf8), 0o600),
            (folder + "/server.crt", Array(made.certificate.utf8), 0o644))
        show(folder, hosts, try home.configuration().server, call)
        return .success
    }

    private static func text(_ file: String) throws(Failure) -> String {
        guard Files.exists(file) else {
            throw Failure(
                "there is no \(file)",
                hint: "point --operator to where ca.crt and ca.key are kept; a fleet made with --plain has none")
        }
        return String(decoding: try Files.read(file), as: UTF8.self)
    }

    private static func show(_ folder: String, _ hosts: [String], _ server: String?, _ call: Invocation) {
        let end = ServerCertificate.end(nowMs: call.timepiece.nowMs)
        if call.wantsJSON {
            let json = JSON.object([
                "data": .text(folder), "hosts": .array(hosts.map { .text($0) }), "until": .text(end),
            ])
            return call.terminal.verbatim(json.pretty)
        }
        call.terminal.line("certificate   for \(hosts.joined(separator: ", ")), until \(end)")
        if let server, !hosts.contains(where: { isHost($0, of: server) }) {
            call.terminal.line(Styled("\(server), as config.json has it, isn't among them", .warning))
        }
        call.terminal.line("next: restart phi-aggregator")
    }

    private static func isHost(_ host: String, of server: String) -> Bool {
        let name = (host.contains(":") ? "[\(host)]" : host).lowercased()
        let rest = server.lowercased().drop { $0 != "/" }.drop { $0 == "/" }
        return rest == name[...] || rest.hasPrefix(name + ":") || rest.hasPrefix(name + "/")
    }
}
