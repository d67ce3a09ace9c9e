// What could be governed here, and by whom, found without writing anything: for `phi-agent doctor`. The way
// is chosen as the governor chooses it.

import System

public struct ControlLook: Equatable, Sendable {
    /// Who would write the limits.
    public enum Writer: Equatable, Sendable {
        /// This user, into the kernel's files.
        case files
        case systemd(unit: String, isLoaded: Bool)
        case helper(path: String, HelperState)
    }

    public enum HelperState: Equatable, Sendable {
        case answers
        /// It closed the connection: an agent has it, or this user isn't its agent.
        case taken
        /// Nobody listens; why.
        case away(String)
        /// This user may not connect.
        case forbidden
        /// Its answer makes no sense, or doesn't come.
        case odd(String)
    }

    public var exists = false
    public var writer = Writer.files
    /// Files that the kernel doesn't offer there.
    public var absent: [String] = []
    /// Files that are there and can't be written.
    public var locked: [String] = []

    public init() {}
}

extension GovernorConfiguration {
    /// nil where no group is named, or its name leads nowhere.
    public func look() -> ControlLook? {
        guard let group = group.flatMap({ ManagedGroup(root: cgroupRoot, path: $0) }) else { return nil }
        var look = ControlLook()
        look.exists =
            FileSystem.exists("\(group.folder)/cgroup.controllers") || FileSystem.exists("\(group.folder)/cpu.max")
        let frequency = scalesFrequency ? CPUFrequency(sysfsRoot: sysfsRoot) : nil
        let files = ControlFiles(group: group, frequency: frequency)
        var there: [Control] = []
        for control in files.controls {
            if files.exists(control) { there.append(control) } else { look.absent.append(control.file) }
        }
        // A folder that this user may not enter hides the socket: who may would find it.
        if by == .automatic, !isOwnGroup, isSocketHidden {
            look.writer = .helper(path: helperSocket, .forbidden)
            return look
        }
        switch hands(for: group) {
        case .files:
            look.locked = there.filter { !files.isWritable($0) }.map { $0.file }
        case .systemd(let unit):
            look.writer = .systemd(unit: unit.name, isLoaded: unit.isLoaded)
            look.locked = there.filter { $0.isFrequency && !files.isWritable($0) }.map { $0.file }
        case .helper(let link):
            look.writer = .helper(path: helperSocket, .answers)
            for control in there {
                switch link.answer(HelperRequest(.probe, control)) {
                case .done: continue
                case .declined:
                    look.locked.append(control.file)
                    continue
                case .closed: look.writer = .helper(path: helperSocket, .taken)
                case .nonsense: look.writer = .helper(path: helperSocket, .odd("its reply makes no sense"))
                case .unreachable(let error): look.writer = .helper(path: helperSocket, Self.state(error))
                }
                // The others would be told the same.
                break
            }
        }
        return look
    }

    private static func state(_ error: Errno) -> ControlLook.HelperState {
        if error.isForbidden { return .forbidden }
        return error.isMissing || error == .refused ? .away(error.text) : .odd(error.text)
    }

    private var isSocketHidden: Bool {
        do throws(Errno) {
            _ = try FileSystem.status(helperSocket)
            return false
        } catch {
            return error.isForbidden
        }
    }
}
