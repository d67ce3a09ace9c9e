// `phi-agent enrol`: enrolment as a step of its own, before the agent runs or after it was stopped.

import AgentCore
import Bytes
import Digest
import Model
import System
import Telemetry
import Transport
import Uplink
import Wire

extension Subcommand {
    static let enrol = Subcommand(
        name: "enrol", arguments: "[--force | --new-identity] [OPTION…]",
        summary: "enrol this device at the aggregator, or enrol it again",
        discussion: """
            `phi-agent run` enrols by itself when it has a token and no key. This does it at
            once and says how it went; the agent must not run meanwhile. A device that is
            enrolled stays so unless told otherwise:

            --force asks the aggregator for its report key under the same id and device keys,
            e.g. after its database or master key was replaced; the key in force stays
            until that has succeeded. With a token that names another root the device
            begins anew with that operator: its parameters are the built-in ones until
            it is sent others.

            --new-identity sets state, spool and learned slots aside and mints new device
            keys and a new id: when somebody may have read the state file.
            """,
        flags: [
            Flag("force", nil, "enrol again under the same id"),
            Flag("new-identity", nil, "enrol with new keys under a new id"),
        ] + Options.flags,
        examples: [
            Example(
                "as installed, before the first start",
                "sudo -u phi-agent phi-agent enrol --config /etc/phi-agent/agent.conf"),
            Example(
                "after the aggregator was set up anew",
                "sudo -u phi-agent phi-agent enrol --force --config /etc/phi-agent/agent.conf"),
        ],
        exits: [
            ExitMeaning("0", "enrolled, or was already"),
            ExitMeaning("1", "refused, or the aggregator can't be reached"),
            ExitMeaning("2", "wrong usage, or an agent runs"),
        ],
        run: enrolNow)

    private static func enrolNow(_ arguments: [String]) -> Int32 {
        let isForced = arguments.contains { Text.equal($0, "--force") }
        let isNew = arguments.contains { Text.equal($0, "--new-identity") }
        let rest = arguments.filter { !Text.equal($0, "--force") && !Text.equal($0, "--new-identity") }
        do throws(UsageError) {
            let options = try Options(arguments: rest)
            try options.requireAuthority()
            guard !isForced || !isNew else {
                throw UsageError("--force keeps the identity, --new-identity doesn't: give one of them")
            }
            guard Curl.start() else { return failed("libcurl can't be started") }
            let enrolment = try Enrolment(options, isNew: isNew)
            if enrolment.state.reportKey != nil, !isForced {
                Standard.output(
                    "enrolled already as \(enrolment.state.device.hex); --force enrols again\n")
                return 0
            }
            switch try enrolment.perform(options) {
            case .done(let text):
                Standard.output("\(text)\n")
                return 0
            case .failed(let text, let hint): return failed(text, hint: hint)
            }
        } catch {
            return wrong(error, "enrol")
        }
    }
}

/// One attempt to enrol, on a state folder that no agent uses.
private final class Enrolment {
    enum Outcome {
        case done(String)
        case failed(String, hint: String?)
    }

    private let folder: StateFolder
    private(set) var state: AgentState
    private let hardware: HardwareRecord

    init(_ options: Options, isNew: Bool) throws(UsageError) {
        try Self.checkOwner(options.stateFolder)
        let sensors = DeviceSensors(
            roots: SensorRoots(sysfs: options.sysfsRoot, procfs: options.procfsRoot))
        let log = Log(options.logLevel)
        folder = try StateFolder(options.stateFolder)
        state = try folder.load(serials: sensors.serials(), hides: sensors.hides, log: log)
        if isNew { state = try folder.renew(state, serials: sensors.serials(), log: log) }
        sensors.serialSource = state.serialSource
        guard let found = sensors.hardware() else {
            throw UsageError(
                "the memory of this machine can't be read from \(options.procfsRoot)/meminfo",
                hint: "check --procfs-root")
        }
        hardware = found
    }

    /// Files that root made in the agent's folder would lock the agent out of it.
    private static func checkOwner(_ folder: String) throws(UsageError) {
        guard let owner = (try? FileSystem.status(folder))?.owner, owner != Process.userID else { return }
        throw UsageError(
            "the state folder \(folder) belongs to another user (id \(owner))",
            hint: "run it as that user: sudo -u phi-agent phi-agent enrol …")
    }

    func perform(_ options: Options) throws(UsageError) -> Outcome {
        guard let server = options.server else {
            throw UsageError("no --server: where to enrol?", hint: "give --server or --config")
        }
        guard let token = options.token, let key = PrivateKey(seed: state.deviceSeed) else {
            throw UsageError(
                "no --token: fleet enroll token makes one", hint: "give --token-file, --token or --config")
        }
        if !options.labels.isEmpty { state.labels = options.labels }
        // On the disk before the aggregator knows of it: a reply that gets lost must not leave behind
        // a device that nobody is.
        if state.reportKey == nil, let fault = folder.save(state) { return unwritten(fault) }
        let request = EnrolRequest(
            token: token, publicKey: key.publicKey, installID: state.installID, hardware: hardware,
            labels: state.labels, agentVersion: AgentCommand.version)
        let session = CurlSession(
            settings: TransportSettings(
                caFile: options.caFile, userAgent: "phi-agent/\(AgentCommand.version)"))
        let outcome: Result<TransportReply, TransportFault>
        do throws(TransportFault) {
            outcome = .success(
                try session.perform(
                    Uplink(server: server, device: state.device)
                        .enrolment(request.encoded(signedBy: key))))
        } catch {
            outcome = .failure(error)
        }
        return ended(Uplink.result(outcome, nil, key: nil), options)
    }

    private func ended(_ result: LinkResult, _ options: Options) -> Outcome {
        switch result {
        case .failed(let text):
            return .failed(text, hint: "phi-agent doctor looks at the way to the aggregator")
        case .reply(200, let body, _, _):
            guard let reply = try? EnrolReply(decoding: body), reply.device == state.device else {
                return .failed("the reply to the enrolment can't be read", hint: nil)
            }
            state.adopt(root: options.root, labels: state.labels)
            state.reportKey = reply.reportKey
            if state.serverEpoch == nil { state.serverEpoch = reply.serverEpoch }
            if let fault = folder.save(state) { return unwritten(fault) }
            return .done(
                "enrolled as \(state.device.hex)"
                    + (reply.isAccepted ? "" : ", pending: accept it with fleet devices accept"))
        case .reply(let status, let body, _, _):
            return .failed("enrolment refused (\(status)): \(AgentCore.shown(body))", hint: Self.hint(status))
        }
    }

    private static func hint(_ status: Int) -> String? {
        switch status {
        case 403: "fleet enroll token makes a new token"
        case 409: "the aggregator knows this id with another key: --new-identity"
        default: nil
        }
    }

    private func unwritten(_ fault: Errno) -> Outcome {
        .failed("the state can't be written: \(fault.text)", hint: "see --state-dir")
    }
}
