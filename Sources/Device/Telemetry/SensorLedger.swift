// How each sensor is: one entry a sensor, found by its name once and by its place ever after. So a
// reading costs no search and no text, and `status`, `doctor` and the report can name what failed, why
// and since when.

import Model
import System

struct SensorLedger {
    private struct Entry {
        var status: SensorStatus
        /// Found at the last look through the tree; the others are kept for when they come back.
        var isListed: Bool
    }

    /// Sensors remembered at most, gone ones included: a server board with every rail has about 300.
    private static let countMax = 512

    private var entries: [Entry] = []
    private(set) var known = 0
    private(set) var healthy = 0
    private(set) var failuresTotal: UInt64 = 0
    private var nowMs: Int64 = 0
    /// A device went while its file was held open: the tree wants another look.
    private(set) var hasStale = false

    mutating func begin(nowMs: Int64) {
        known = 0
        healthy = 0
        hasStale = false
        self.nowMs = nowMs
    }

    /// Before a look through the tree.
    mutating func unlistAll() {
        for index in entries.indices { entries[index].isListed = false }
    }

    /// The place of the sensor with this name, which is new or known from before.
    mutating func place(_ name: String) -> Int {
        if let known = entries.firstIndex(where: { Name.equal($0.status.name, name) }) {
            entries[known].isListed = true
            return known
        }
        let entry = Entry(status: SensorStatus(name: name, condition: .good), isListed: true)
        guard entries.count < Self.countMax else {
            entries[Self.countMax - 1] = entry
            return Self.countMax - 1
        }
        entries.append(entry)
        return entries.count - 1
    }

    /// Passes a reading's value through, and notes how the sensor is by it.
    /// - Parameters:
    ///   - count: bytes read, or the error's number, negative.
    ///   - value: what they mean; nil where that is nothing.
    mutating func note<Value>(_ place: Int, _ count: Int, _ value: Value?) -> Value? {
        if count < 0 {
            fail(place, code: Int32(truncatingIfNeeded: -count))
            return nil
        }
        known += 1
        guard let value else {
            failuresTotal += 1
            entries[place].status.condition = .absurd
            entries[place].status.errorCode = 0
            return nil
        }
        healthy += 1
        entries[place].status.condition = .good
        entries[place].status.errorCode = 0
        entries[place].status.lastGoodMs = nowMs
        return value
    }

    mutating func fail(_ place: Int, code: Int32) {
        known += 1
        failuresTotal += 1
        // Once: a file that stays away mustn't have the tree looked through at every cycle.
        if entries[place].status.condition == .good, Errno(code: code).isStale { hasStale = true }
        entries[place].status.condition = .failed
        entries[place].status.errorCode = Int(code)
    }

    /// A sensor that wasn't found although it must be there.
    mutating func miss(_ place: Int) {
        known += 1
        failuresTotal += 1
        entries[place].isListed = true
        entries[place].status.condition = .missing
    }

    /// It gave a plausible value, and the same for too long. It counts as healthy: the value may be
    /// true, and the chamber has its own judgement of it.
    mutating func suspect(_ place: Int) { entries[place].status.condition = .stuck }

    var health: SensorHealth {
        SensorHealth(known: known, healthy: healthy, failuresTotal: failuresTotal)
    }

    /// Every sensor there is, in the order of discovery.
    var statuses: [SensorStatus] { entries.filter { $0.isListed }.map { $0.status } }

    /// Those that are anything but good, into a list whose room is kept.
    func listFaults(_ faults: inout [SensorStatus]) {
        if !faults.isEmpty { faults.removeAll(keepingCapacity: true) }
        for entry in entries where entry.isListed && entry.status.condition != .good {
            faults.append(entry.status)
        }
    }
}

/// What one cycle's readers share: the buffer, the ledger and the time.
struct Cycle {
    let buffer: UnsafeMutableBufferPointer<UInt8>
    var ledger = SensorLedger()
    private(set) var nowMs: Int64 = 0
    /// Since the cycle before, s; nil for the first, and when the clock stood still.
    private(set) var elapsedS: Double?
    private var hasBegun = false

    init(buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    mutating func begin(nowMs: Int64) {
        elapsedS = hasBegun && nowMs > self.nowMs ? Double(nowMs - self.nowMs) / 1000 : nil
        hasBegun = true
        self.nowMs = nowMs
        ledger.begin(nowMs: nowMs)
    }

    /// Reads a file into the shared buffer: what came, and its count or negative error.
    func read(_ file: HeldFile) -> (count: Int, text: UnsafeBufferPointer<UInt8>) {
        let count = file.read(into: buffer)
        return (count, UnsafeBufferPointer(rebasing: buffer[..<max(0, count)]))
    }

    /// A file's one number within `bounds`.
    mutating func number(
        _ place: Int, _ file: HeldFile, in bounds: ClosedRange<Int64>
    ) -> Int64? {
        let (count, text) = read(file)
        let value = count < 0 ? nil : Scan.only(text)
        return ledger.note(place, count, value.flatMap { bounds.contains($0) ? $0 : nil })
    }
}

/// What a counter grew by in a second; nil without a past, or when it fell back.
struct Rate {
    private var last: UInt64?

    mutating func note(_ total: UInt64, elapsedS: Double?) -> Double? {
        defer { last = total }
        guard let last, let elapsedS, elapsedS > 0, total >= last else { return nil }
        return Double(total - last) / elapsedS
    }

    mutating func forget() { last = nil }
}
