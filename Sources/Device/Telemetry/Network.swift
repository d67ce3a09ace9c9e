// Traffic, from /proc/net/dev.
//
// Bridges, tunnels and containers' interfaces count again what their card counts: where the machine has
// cards (interfaces with a device below them), those alone are added up; else all but the loopback.
// https://docs.kernel.org/networking/statistics.html

import Model
import System

struct Network {
    struct Counters: Equatable {
        var receivedBytes: UInt64 = 0
        var sentBytes: UInt64 = 0
        var faults: UInt64 = 0
    }

    private let file: HeldFile
    private var place = 0
    private(set) var isPresent = false
    var path: String { file.path }
    /// Names with their colon, as the file has them; empty: all but the loopback.
    private var cards: [[UInt8]] = []
    private var receiveRate = Rate()
    private var sendRate = Rate()

    init(procfsRoot: String) { file = HeldFile("\(procfsRoot)/net/dev", .list) }

    mutating func discover(in sysfsRoot: String, _ ledger: inout SensorLedger) {
        isPresent = FileSystem.exists(file.path)
        guard isPresent else { return }
        place = ledger.place("net")
        let root = "\(sysfsRoot)/class/net"
        var found: [[UInt8]] = []
        for name in OneShot.names(root) where FileSystem.exists("\(root)/\(name)/device") {
            found.append(Array(name.utf8) + [0x3a])
        }
        if found != cards {
            receiveRate.forget()
            sendRate.forget()
        }
        cards = found
    }

    mutating func read(_ cycle: inout Cycle) -> NetworkReading? {
        let (count, text) = cycle.read(file)
        let counters = count < 0 ? nil : Self.sum(text, of: cards)
        guard let counters = cycle.ledger.note(place, count, counters) else { return nil }
        return NetworkReading(
            receivedBytesTotal: counters.receivedBytes, sentBytesTotal: counters.sentBytes,
            faultsTotal: counters.faults,
            receivedBytesPerS: receiveRate.note(counters.receivedBytes, elapsedS: cycle.elapsedS),
            sentBytesPerS: sendRate.note(counters.sentBytes, elapsedS: cycle.elapsedS))
    }

    /// Two lines of headings, then `eth0: bytes packets errs drop fifo frame compressed multicast`, and
    /// the same eight for what was sent.
    static func sum(_ text: UnsafeBufferPointer<UInt8>, of cards: [[UInt8]]) -> Counters? {
        var scan = Scan(text)
        scan.skipLine()
        guard !scan.isAtEnd else { return nil }
        scan.skipLine()
        var sum = Counters()
        while !scan.isAtEnd {
            scan.skipBlanks()
            if takeName(&scan, cards) {
                for field in 1...12 {
                    guard let value = scan.unsigned() else { return nil }
                    switch field {
                    case 1: sum.receivedBytes &+= value
                    case 9: sum.sentBytes &+= value
                    case 3, 4, 11, 12: sum.faults &+= value
                    default: break
                    }
                }
            }
            scan.skipLine()
        }
        return sum
    }

    /// Passes over the name where the interface counts.
    private static func takeName(_ scan: inout Scan, _ cards: [[UInt8]]) -> Bool {
        guard cards.isEmpty else {
            for card in cards where scan.take(card) { return true }
            return false
        }
        return !scan.take("lo:") && scan.takeThroughColon()
    }
}
