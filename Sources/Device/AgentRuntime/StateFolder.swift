// The folder with the agent's state: one agent at a time, written atomically, 0600.

import AgentCore
import Bytes
import Digest
import Model
import System
import Telemetry

struct StateFolder: ~Copyable {
    private static let name: StaticString = "state"
    static let spoolName: StaticString = "spool"
    static let chamberName: StaticString = "chamber"
    static let poolName: StaticString = "pool"
    let path: String
    private let lock: Lock

    init(_ path: String) throws(UsageError) {
        do throws(Errno) {
            try FileSystem.makeFolder(path, mode: 0o700)
        } catch {
            throw UsageError(
                "the state folder \(path) can't be made: \(error.text)",
                hint: "give --state-dir a folder that this user may write")
        }
        do throws(Errno) {
            lock = try Lock("\(path)/lock")
        } catch {
            throw UsageError(
                error == .wouldBlock
                    ? "another agent uses the state folder \(path)"
                    : "the state folder \(path) can't be locked: \(error.text)",
                hint: "stop the other agent, or give --state-dir a folder of its own")
        }
        self.path = path
    }

    /// The stored state, or a new identity on a board that has none.
    ///
    /// A state whose device id doesn't follow from this board's serial number came with a card that
    /// was cloned or moved: it is set aside, and a new identity is minted.
    /// - Parameters:
    ///   - serials: what this board can be told by, best first; an identity keeps to its own.
    ///   - hides: whether a source is there and can't be read by this user.
    func load(
        serials: [BoardSerial], hides: (SerialSource) -> Bool, log: Log
    ) throws(UsageError) -> AgentState {
        let file = "\(path)/\(Self.name)"
        let bytes: [UInt8]
        do throws(Errno) { bytes = try FileSystem.read(file) } catch {
            // Only a file that surely isn't there makes a new device; a failing card doesn't.
            if error.isMissing { return Self.mint(serials) }
            throw UsageError("\(file): \(error.text)", hint: "run the agent as the user who owns it")
        }
        try checkMode(file, log)
        guard var state = AgentState(text: bytes) else {
            throw UsageError(
                "\(file) is damaged; nothing is overwritten",
                hint: "restore it from a backup, or move it away and enrol the device again")
        }
        if let own = serials.first(where: {
            state.device == DeviceID(serial: $0.text, installID: state.installID)
        }) {
            state.serialSource = own.source
            return state
        }
        if let source = state.serialSource, hides(source) {
            throw UsageError(
                "the identity in \(file) rests on \(source.words), which this user can't read",
                hint: "run the agent as the user it first ran as (root), or move the file away and enrol again")
        }
        return try renew(state, serials: serials, log: log)
    }

    /// Sets all of an identity aside, and mints another.
    func renew(
        _ state: AgentState, serials: [BoardSerial], log: Log
    ) throws(UsageError) -> AgentState {
        // The state last: what a crash in between leaves is set aside by the next start.
        for name in [Self.spoolName, Self.chamberName, Self.poolName, Self.name] {
            try setAside(name, of: state.device, log)
        }
        return Self.mint(serials)
    }

    /// The file holds keys. Whoever else may write it could have put theirs there; whoever may read it
    /// may have them: that can't be taken back, and is told.
    private func checkMode(_ file: String, _ log: Log) throws(UsageError) {
        guard let mode = (try? FileSystem.status(file))?.mode else { return }
        if mode & 0o022 != 0 {
            throw UsageError(
                "\(file) can be written by other users", hint: "chmod 600 \(file), once you know who wrote it")
        }
        if mode & 0o044 != 0 {
            log.write(
                .warning,
                "\(file) was readable by other users: it is 0600 from now on; if somebody may have read it, "
                    + "move it away and enrol again, which gives the device new keys")
        }
    }

    /// Under the name of the board it came from; a second one of the same gets a number.
    private func setAside(_ name: StaticString, of device: DeviceID, _ log: Log) throws(UsageError) {
        let file = "\(path)/\(name)"
        guard FileSystem.exists(file) else { return }
        var aside = "\(file).of-\(device.hex)"
        for number in 2..<100 where FileSystem.exists(aside) {
            aside = "\(file).of-\(device.hex).\(number)"
        }
        do throws(Errno) { try FileSystem.rename(file, to: aside) } catch {
            throw UsageError("\(file) belongs to another identity and can't be set aside: \(error.text)")
        }
        log.write(.warning, "\(file) belongs to another identity: set aside as \(aside)")
    }

    /// Where the governor keeps what it found; what earlier boots left is void and goes.
    func path(ofJournal bootID: String) -> String {
        let name = "governor-\(bootID.isEmpty ? "unknown" : bootID).journal"
        for other in (try? FileSystem.list(path)) ?? [] {
            let bytes = Array(other.utf8)
            let isJournal = bytes.starts(with: Array("governor-".utf8))
            if isJournal, bytes != Array(name.utf8) { try? FileSystem.remove("\(path)/\(other)") }
        }
        return "\(path)/\(name)"
    }

    func save(_ state: AgentState) -> Errno? {
        do throws(Errno) {
            try FileSystem.replace(
                "\(path)/\(Self.name)", with: Array(state.text.utf8), mode: 0o600, durable: true)
            return nil
        } catch {
            return error
        }
    }

    private static func mint(_ serials: [BoardSerial]) -> AgentState {
        let best = serials.first
        var state = AgentState.minted(
            serial: best?.text ?? "", random: Digest.random(16), seed: Digest.random(32))
        state.serialSource = best?.source
        return state
    }
}
