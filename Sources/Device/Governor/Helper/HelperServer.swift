// The privileged half: writes what the agent asks for, and no more than that. It has root's rights over the
// kernel's files and no network; the agent has the network and no rights. Between them is one socket
// and HelperMessage.
//
// What it takes on trust: nothing. The group and the user are its own configuration's, which root owns; the
// kernel says who is at the other end; each value is checked for form and range, frequencies against
// the policy's own, memory limits against what the group can't give back, so that an agent in wrong
// hands could slow its group, and neither end it nor touch anything else. One agent at a time.
//
// It keeps the journal, and restores everything when the agent asks for it, when the connection drops
// (the agent ended, however it ended), and when it ends itself.

import Bytes
import System

public struct HelperConfiguration: Sendable {
    public var cgroupRoot = "/sys/fs/cgroup"
    public var group: String
    public var sysfsRoot = "/sys"
    public var scalesFrequency = true
    /// Never `helper`.
    public var by = GovernBy.automatic
    public var journalPath: String
    public var socketPath: String
    /// The agent's user id; root may connect, too.
    public var user: UInt32
    public var systemctl = "systemctl"

    public init(group: String, journalPath: String, socketPath: String, user: UInt32) {
        self.group = group
        self.journalPath = journalPath
        self.socketPath = socketPath
        self.user = user
    }
}

/// What the helper tells its log.
public enum HelperNote: Equatable, Sendable {
    case connected(user: UInt32)
    /// A user that isn't the agent's.
    case turnedAway(user: UInt32)
    case busy
    case dropped
    /// A message that isn't a request: the connection is closed.
    case malformed
    case refused(String)
    case control(ControlEvent)

    public var isWarning: Bool {
        switch self {
        case .connected, .dropped: false
        case .turnedAway, .busy, .malformed, .refused: true
        case .control(let event):
            switch event.outcome {
            case .failed, .foreign: true
            default: false
            }
        }
    }

    public var text: String {
        switch self {
        case .connected(let user): "an agent of user \(user) connected"
        case .turnedAway(let user): "user \(user) isn't the agent's: turned away"
        case .busy: "a second agent was turned away"
        case .dropped: "the agent is gone: everything is given back"
        case .malformed: "a message that is no request: the connection was closed"
        case .refused(let why): "refused: \(why)"
        case .control(let event): event.text
        }
    }
}

public final class HelperServer {
    /// Requests of one turn: then signals are looked at again.
    static let requestsATurn = 64

    private let configuration: HelperConfiguration
    private let listener: PacketListener
    private var client: PacketSocket?
    private var book: ControlBook

    /// Nil where the group's name leads nowhere.
    public init?(_ configuration: HelperConfiguration) throws(Errno) {
        guard let group = ManagedGroup(root: configuration.cgroupRoot, path: configuration.group) else {
            return nil
        }
        self.configuration = configuration
        listener = try PacketListener(configuration.socketPath, mode: 0o660)
        book = Self.book(configuration, group)
    }

    private static func hands(_ configuration: HelperConfiguration, _ group: ManagedGroup) -> Hands {
        var governor = GovernorConfiguration(
            cgroupRoot: configuration.cgroupRoot, group: group.path,
            journalPath: configuration.journalPath, cpuCores: 1)
        governor.by = configuration.by == .helper ? .files : configuration.by
        governor.systemctl = configuration.systemctl
        // It doesn't ask itself.
        governor.helperSocket = ""
        return governor.hands(for: group)
    }

    private static func book(_ configuration: HelperConfiguration, _ group: ManagedGroup) -> ControlBook {
        let frequency = CPUFrequency(sysfsRoot: configuration.sysfsRoot)
        return ControlBook(
            files: ControlFiles(
                group: group, frequency: configuration.scalesFrequency ? frequency : nil),
            hands: hands(configuration, group), journalPath: configuration.journalPath)
    }

    /// By whom it writes: "files" or "systemd".
    public var by: StaticString { book.hands.name }
    public var missing: [Control] { book.missing }

    /// To be polled for reading.
    public var descriptors: [Int32] { [listener.descriptor] + (client.map { [$0.descriptor] } ?? []) }

    /// Puts back what a helper that crashed had changed.
    public func recover() -> [HelperNote] {
        let configuration = configuration
        let events = Journal.recover(path: configuration.journalPath) { journal in
            guard let group = ManagedGroup(root: configuration.cgroupRoot, path: journal.group) else {
                return nil
            }
            let frequency = CPUFrequency(sysfsRoot: configuration.sysfsRoot)
            return (
                ControlFiles(group: group, frequency: frequency), Self.hands(configuration, group)
            )
        }
        return events.map { .control($0) }
    }

    /// Answers whoever waits.
    public func turn() -> [HelperNote] {
        var notes: [HelperNote] = []
        while let found = listener.accept() {
            guard let user = found.peerUser, user == configuration.user || user == 0 else {
                notes.append(.turnedAway(user: found.peerUser ?? .max))
                continue
            }
            // The one before may be gone without our having noticed.
            notes += requests()
            guard client == nil else {
                notes.append(.busy)
                continue
            }
            client = found
            notes.append(.connected(user: user))
        }
        return notes + requests()
    }

    /// Gives everything back, at the end.
    public func stop() -> [HelperNote] {
        client = nil
        return book.restore().map { .control($0) }
    }

    private func requests() -> [HelperNote] {
        var notes: [HelperNote] = []
        for _ in 0..<Self.requestsATurn {
            guard let client else { break }
            do throws(Errno) {
                guard let message = try client.receive(limit: HelperMessage.bytes) else {
                    notes.append(.dropped)
                    return notes + stop()
                }
                guard let request = HelperRequest(message) else {
                    throw .invalid
                }
                try client.send(answer(request, &notes).message)
            } catch {
                if error == .wouldBlock { break }
                // A message of a wrong size or form; or an agent that doesn't take its replies.
                notes.append(error == .invalid || error == .tooLong ? .malformed : .dropped)
                try? client.send(HelperReply(verb: 0, .malformed).message)
                return notes + stop()
            }
        }
        return notes
    }

    private func answer(_ request: HelperRequest, _ notes: inout [HelperNote]) -> HelperReply {
        let verb = request.verb.rawValue
        guard let control = request.control else {
            let events = book.restore()
            notes += events.map { .control($0) }
            return HelperReply(verb: verb, events.contains { $0.isFailure } ? .failed : .done)
        }
        if let why = objection(control, request.value) {
            notes.append(.refused("\(control.file) = \(request.value): \(why)"))
            return HelperReply(verb: verb, .refused, why)
        }
        if !book.isUsable(control) { book.probe() }
        guard book.isUsable(control) else {
            return HelperReply(verb: verb, .failed, "\(control.file) can't be written here")
        }
        guard request.verb == .write else { return HelperReply(verb: verb, .done) }
        let events = book.write([(control, .value(request.value), "asked by the agent")])
        notes += events.map { .control($0) }
        for event in events {
            if case .failed(let why) = event.outcome { return HelperReply(verb: verb, .failed, why) }
        }
        return HelperReply(verb: verb, .done)
    }

    /// Why the value must not be written, beyond its form; nil where it may.
    private func objection(_ control: Control, _ value: String) -> String? {
        switch control {
        case .frequencyCap(let policy):
            guard let frequency = book.files.frequency else { return "frequencies aren't governed" }
            guard frequency.policies.contains(where: { $0.number == policy }) else {
                return "no such policy"
            }
            guard let kHz = Text.integer(value) else { return nil }
            return frequency.has(kHz, policy: policy) ? nil : "outside of the policy's frequencies"
        case .memoryMax, .memoryHigh:
            guard let bytes = Text.integer(value), bytes > 0 else { return nil }
            let held = book.files.group.unreclaimableBytes()
            return UInt64(bytes) < held ? "below what the group can't give back" : nil
        case .cpuMax, .cpuWeight: return nil
        }
    }
}
