// The folder with the agent's state: one agent at a time, written atomically, 0600.

import AgentCore
import Bytes
import Digest
import Model
import System

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
    func load(serial: String, log: Log) throws(UsageError) -> AgentState {
        let file = "\(path)/\(Self.name)"
        let bytes: [UInt8]
        do throws(Errno) { bytes = try FileSystem.read(file) } catch {
            // Only a file that surely isn't there makes a new device; a failing card doesn't.
            if error.isMissing { return Self.mint(serial) }
            throw UsageError("\(file): \(error.text)", hint: "run the agent as the user who owns it")
        }
        guard let state = AgentState(text: bytes) else {
            throw UsageError(
                "\(file) is damaged; nothing is overwritten",
                hint: "restore it from a backup, or move it away and enrol the device again")
        }
        guard state.device == DeviceID(serial: serial, installID: state.installID) else {
            // The state last: what a crash in between leaves is set aside by the next start.
            for name in [Self.spoolName, Self.chamberName, Self.poolName, Self.name] {
                try setAside(name, of: state.device, log)
            }
            return Self.mint(serial)
        }
        return state
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
            throw UsageError("\(file) belongs to another board and can't be set aside: \(error.text)")
        }
        log.write(.warning, "\(file) belongs to another board: set aside as \(aside)")
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

    private static func mint(_ serial: String) -> AgentState {
        AgentState.minted(serial: serial, random: Digest.random(16), seed: Digest.random(32))
    }
}
