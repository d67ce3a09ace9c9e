// What a running command has in its hands: its arguments and the world around it.

import Model

public struct Surroundings {
    let environment: [String: String]
    let console: any Console
    let timepiece: any Timepiece
    /// Opens a client that trusts the authority in the file only (nil: the system's authorities).
    let connect: (_ caFile: String?) -> any HTTPClient

    public init(
        environment: [String: String], console: any Console, timepiece: any Timepiece,
        connect: @escaping (_ caFile: String?) -> any HTTPClient
    ) {
        self.environment = environment
        self.console = console
        self.timepiece = timepiece
        self.connect = connect
    }
}

struct Invocation {
    let arguments: ParsedArguments
    let surroundings: Surroundings
    let terminal: Terminal

    var timepiece: any Timepiece { surroundings.timepiece }
    var wantsJSON: Bool { arguments.value(Common.output) == "json" }

    var home: OperatorHome {
        OperatorHome(
            folder: OperatorHome.folder(
                option: arguments.value(Common.home), environment: surroundings.environment))
    }

    /// Who is at the keyboard, for the record that others read.
    var author: String {
        for name in ["USER", "LOGNAME"] {
            if let user = surroundings.environment[name], !user.isEmpty { return user }
        }
        return "operator"
    }

    func api() throws(Failure) -> API {
        let configuration = try home.configuration()
        guard let address = arguments.value(Common.server) ?? configuration.server else {
            throw Failure.usage(
                "no server is known: there is no config.json in \(home.folder)",
                hint: "run `fleet server init`, or give --server URL or --home DIR")
        }
        let server = try Self.checked(address)
        if Self.isPlainAndRemote(server) {
            terminal.note("fleet: warning: the token travels unencrypted to \(Styled(server).plain)")
        }
        let token = try OperatorHome.token(
            file: arguments.value(Common.tokenFile) ?? home.path("operator.token"))
        let caFile = arguments.value(Common.caFile) ?? configuration.caFile
        if let caFile, server.hasPrefix("https:"), !Files.exists(caFile) {
            throw Failure("there is no certificate authority at \(caFile)", hint: "see --ca-file")
        }
        let client = surroundings.connect(server.hasPrefix("https:") ? caFile : nil)
        return API(client: client, server: server, token: token)
    }

    private static func checked(_ address: String) throws(Failure) -> String {
        var server = address
        while server.hasSuffix("/") { server.removeLast() }
        let rest = server.hasPrefix("https://") ? server.dropFirst(8) : server.dropFirst(7)
        guard server.hasPrefix("https://") || server.hasPrefix("http://"), !rest.isEmpty,
            rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x40 })
        else {
            throw .usage(
                "“\(address)” is no server address", hint: "it looks like https://fleet.example:8440")
        }
        return server
    }

    private static func isPlainAndRemote(_ server: String) -> Bool {
        guard server.hasPrefix("http://") else { return false }
        let rest = server.dropFirst(7)
        return !["127.", "localhost:", "[::1]"].contains { rest.hasPrefix($0) } && rest != "localhost"
    }

    /// An option's duration; the standard where it isn't given.
    func seconds(_ option: Option, standard: Int) throws(Failure) -> Int {
        guard let text = arguments.value(option) else { return standard }
        guard let seconds = Seconds.parse(text) else {
            throw .usage("--\(option.name): “\(text)” is no duration", hint: "such as 90s, 10m, 2h, 1d")
        }
        return seconds
    }

    /// Returns when the answer is yes, or the option says so; where nobody can be asked, it has to.
    func confirm(
        _ question: String, unless yes: Option, done: String, hint: String
    ) throws(Failure) {
        if arguments.has(yes) { return }
        guard surroundings.console.canAsk, !wantsJSON else {
            throw .usage("nobody is here to be asked, so nothing was \(done)", hint: hint)
        }
        guard terminal.confirms(question) else { throw Failure("not \(done)", exit: .differs) }
    }

    func labels(_ option: Option) throws(Failure) -> [String] {
        for text in arguments.values(option) where Label(text) == nil {
            throw .usage(
                "--\(option.name): “\(text)” is no label", hint: "a label is written key=value")
        }
        return arguments.values(option)
    }
}
