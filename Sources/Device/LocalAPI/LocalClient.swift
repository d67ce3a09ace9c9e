// The other end of the local API, for the agent's own commands: `phi-agent signal`, `watch`, `status`.

import Bytes
import System

public final class LocalClient {
    /// Longest line taken: an answer is a tenth of it.
    private static let lineBytesMax = 256 * 1024

    private let socket: LocalSocket
    private let path: String
    private var bytes: [UInt8] = []

    public init(path: String) throws(LocalFault) {
        self.path = path
        do throws(Errno) { socket = try LocalSocket.connect(path) } catch {
            throw LocalFault("\(path): \(error.text)", hint: Self.hint(error))
        }
    }

    private static func hint(_ error: Errno) -> String {
        if error.isForbidden { return "only root and the socket's group may connect: see ls -l" }
        if error.isMissing || error == .refused { return "does the agent run? Give --socket its path" }
        if error == .wouldBlock { return "too many connect at once: try again" }
        return "give --socket the agent's path"
    }

    /// One command, one line of JSON without its end.
    public func ask(_ command: String, timeoutMs: Int = 5000) throws(LocalFault) -> [UInt8] {
        try send(command, timeoutMs: timeoutMs)
        guard let line = try nextLine(timeoutMs: timeoutMs) else {
            throw LocalFault("\(path): no answer in time", hint: "is the board overloaded? Try again")
        }
        return line
    }

    public func send(_ command: String, timeoutMs: Int = 5000) throws(LocalFault) {
        let line = Array(command.utf8) + [0x0a]
        var rest = line[...]
        do throws(Errno) {
            while !rest.isEmpty {
                let count = try socket.send(rest)
                rest = rest.dropFirst(count)
                if count == 0, !(try socket.wait(for: .write, timeoutMs: timeoutMs)) {
                    throw Errno.wouldBlock
                }
            }
        } catch {
            throw LocalFault("\(path): \(error.text)", hint: "the agent may have ended: try again")
        }
    }

    /// The next line without its end; nil when none came in time.
    public func nextLine(timeoutMs: Int) throws(LocalFault) -> [UInt8]? {
        while true {
            if let end = bytes.firstIndex(of: 0x0a) {
                defer { bytes.removeFirst(end + 1) }
                return Array(bytes[..<end])
            }
            let count: Int?
            do throws(Errno) {
                guard try socket.wait(for: .read, timeoutMs: timeoutMs) else { return nil }
                count = try socket.receive(into: &bytes, capacity: 4096)
            } catch {
                throw LocalFault("\(path): \(error.text)", hint: "the agent may have ended: try again")
            }
            if count == 0 || bytes.count > Self.lineBytesMax {
                throw LocalFault("\(path): the connection ended", hint: "the agent may have ended: try again")
            }
        }
    }
}
