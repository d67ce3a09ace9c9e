// Findings about time, identity, files and the aggregator.

import Model

extension Diagnosis {
    var clock: Finding {
        facts.host.isClockSynced
            ? .well("clock", "synchronised")
            : .missing(
                "clock", "the clock isn't synchronised",
                lost: "true times of day in reports until it is; TLS may refuse certificates as not yet valid",
                fix: "sudo timedatectl set-ntp true")
    }

    var journal: Finding {
        switch facts.host.isJournalPersistent {
        case true: return .well("journal", "kept on disk")
        case false:
            return .note(
                "journal", "in memory: it is gone after a reboot", lost: "the log of what led to a crash",
                fix: "sudo mkdir -p /etc/systemd/journald.conf.d && printf '[Journal]\\nStorage=persistent\\n' | "
                    + "sudo tee /etc/systemd/journald.conf.d/persistent.conf "
                    + "&& sudo systemctl restart systemd-journald")
        case nil: return .note("journal", "no systemd on this machine: the agent's log goes to standard error")
        }
    }

    var identity: Finding {
        let hidden = facts.isSerialHidden ? "; the DMI product UUID is there for root alone" : ""
        switch facts.serialSource {
        case .deviceTree, .productUUID:
            return .well("identity", "by \(facts.serialSource.words) and the install UUID")
        case .machineID:
            return .note(
                "identity", "by machine-id and the install UUID\(hidden)",
                lost: "a cloned disk keeps its machine-id, and with it the identity",
                fix: "sudo rm /etc/machine-id && sudo systemd-machine-id-setup"
                    + "    # on a clone, before the agent's first start")
        case .none:
            return .missing(
                "identity", "by the install UUID alone\(hidden)",
                lost: "the sight of a cloned card: two boards would report as one",
                fix: "sudo systemd-machine-id-setup")
        }
    }

    /// Whether the folder is somebody else's, whose agent may well write there.
    private func isForeign(_ folder: DoctorFacts.Folder) -> Bool {
        guard let user = facts.host.user else { return false }
        return user != 0 && folder.owner != user
    }

    /// The state folder is this user's own.
    var isAgent: Bool {
        facts.state.exists && facts.host.user.map { $0 != 0 && $0 == facts.state.owner } == true
    }

    static let lookAsAgent = "sudo -u phi-agent phi-agent doctor"

    var stateFolder: Finding {
        let folder = facts.state
        if !folder.exists {
            return .missing(
                "state-folder", "there is no folder \(folder.path)",
                lost: "the identity: the agent makes it, or can't start",
                fix: "sudo install -d -o phi-agent -g phi-agent -m 700 \(folder.path)")
        }
        if folder.isWritable { return .well("state-folder", "\(folder.path) can be written") }
        if isForeign(folder) {
            return .note(
                "state-folder",
                "\(folder.path) belongs to another user: whether the agent can write there isn't seen from here",
                fix: Self.lookAsAgent)
        }
        return .missing(
            "state-folder", "\(folder.path) can't be written", lost: "the boot counter: the agent can't start",
            fix: "sudo mount -o remount,rw / ; df -h \(folder.path)    # read-only, or full?")
    }

    var keyFile: Finding? {
        guard let mode = facts.state.keyMode else { return nil }
        guard mode & 0o077 == 0 else {
            return .missing(
                "key-file",
                "\(facts.state.path)/state has mode \(Self.octal(mode)): others may read or write the keys",
                lost: "that nobody else reports as this device",
                fix: "chmod 600 \(facts.state.path)/state    # and enrol anew if somebody may have read it")
        }
        return .well("key-file", "\(facts.state.path)/state has mode 0600")
    }

    private static func octal(_ mode: UInt32) -> String {
        let digits = String(mode & 0o777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    var runFolder: Finding {
        let folder = facts.run
        if folder.exists, folder.isWritable { return .well("run-folder", "\(folder.path) can be written") }
        if folder.exists, isForeign(folder) {
            return .note("run-folder", "\(folder.path) belongs to another user", fix: Self.lookAsAgent)
        }
        if !folder.exists {
            return .note(
                "run-folder", "there is no folder \(folder.path); the agent makes it at its start, where it may",
                fix: "sudo install -d -o phi-agent -g phi-agent \(folder.path)")
        }
        return .missing(
            "run-folder", "\(folder.path) can't be written", lost: "decision.json, which the workload reads",
            fix: "sudo install -d -o phi-agent -g phi-agent \(folder.path)")
    }

    var enrolment: Finding {
        let tokenFix = "sudo install -m 640 -g phi-agent token /etc/phi-agent/token"
            + "    # the file holds the whole line that fleet enroll token prints"
        if case .unusable(let text) = facts.token {
            return .missing("enrolment", text, lost: "the agent: it can't start", fix: tokenFix)
        }
        if case .hidden(let text) = facts.token, isAgent {
            return .missing("enrolment", text, lost: "the agent: it can't start", fix: tokenFix)
        }
        switch facts.enrolment {
        case .noServer: return .note("enrolment", "no aggregator is set: there is nothing to enrol at")
        case .enrolled: return .well("enrolment", "this device has its report key")
        case .hidden:
            return .note(
                "enrolment", "\(facts.state.path)/state can't be read by this user", fix: Self.lookAsAgent)
        case .damaged:
            return .missing(
                "enrolment", "\(facts.state.path)/state is damaged", lost: "the identity: the agent can't start",
                fix: "sudo mv \(facts.state.path)/state \(facts.state.path)/state.damaged"
                    + "    # and enrol anew; or restore it from a backup")
        case .notYet: break
        }
        switch facts.token {
        case .given:
            return .note(
                "enrolment", "not enrolled yet; there is a token, and the agent enrols when it runs",
                fix: "sudo systemctl restart phi-agent")
        case .hidden(let text):
            return .note(
                "enrolment", "not enrolled yet; the token isn't seen by this user: \(text)", fix: Self.lookAsAgent)
        case .none, .unusable:
            return .missing(
                "enrolment", "not enrolled, and no token is set",
                lost: "reports and parameters: the aggregator doesn't know this device",
                fix: "echo 'token-file = /etc/phi-agent/token' | sudo tee -a /etc/phi-agent/agent.conf"
                    + "    # a file with the line that fleet enroll token prints")
        }
    }

    var server: Finding {
        switch facts.server {
        case .notGiven:
            return .note(
                "server", "no aggregator is set: decisions stay on this device",
                fix: "phi-agent doctor --config /etc/phi-agent/agent.conf    # or --server URL --ca-file FILE")
        case .answers(let text): return .well("server", "\(text) answers")
        case .unreachable(let text):
            return .missing(
                "server", text, lost: "reports and parameters; what is sensed waits in the pool",
                fix: "check name, network and firewall; "
                    + "the static program asks /etc/hosts and DNS, not mDNS (.local)")
        case .insecure(let text):
            return .missing(
                "server", text, lost: "reports and parameters: nothing is sent over a connection that isn't proven",
                fix: "copy ca.crt from the operator's folder to /etc/phi-agent/, "
                    + "and check the clock and the server's name")
        case .odd(let text):
            return .missing(
                "server", text, lost: "reports and parameters, until it answers well",
                fix: "journalctl -u phi-aggregator -n 50    # there; or is a proxy in between?")
        }
    }
}
