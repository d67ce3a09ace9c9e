// The book of controls: what each file said before us, what we left there, and what is in force. The
// governor and the privileged helper each keep one. Rules it keeps.
//
// - A file's value is in the journal before it is first changed. What somebody else writes later is put
//   down when that may be (see `JournalDesk`): a crash before then gives back the older value.
// - A value that is there already is not written again.
// - What somebody else wrote meanwhile is told, becomes the value to restore, and is then governed.
// - What can't be written is left out until a probe says otherwise.
// - In a dry run it reads, and says what it would write: once, until it would write something else.

import Bytes
import System

/// What a control should say.
enum Wish: Equatable {
    /// Whatever it says.
    case leave
    /// What it said before us.
    case own
    case value(String)
}

/// Who keeps account of what is written to the disk.
public struct JournalDesk {
    /// Whether a journal that can wait may be written now: all that is new in it is what somebody else wrote.
    let mayWrite: () -> Bool
    /// So many bytes were written.
    let wrote: (Int) -> Void

    public init(mayWrite: @escaping () -> Bool, wrote: @escaping (Int) -> Void) {
        (self.mayWrite, self.wrote) = (mayWrite, wrote)
    }
}

struct ControlBook {
    private struct Row {
        let control: Control
        var isUsable = false
        /// What the file said after our last write.
        var left: String?
        /// What we wrote, before the kernel rounded it.
        var asked: String?
        /// The highest cap seen before us: a hot board shows its cooling device's, which is no owner's.
        var capKHz: Int64 = 0
    }

    let files: ControlFiles
    let hands: Hands
    private let journalPath: String?
    private let isDryRun: Bool
    private var rows: [Row]
    private var journal: Journal
    /// What the journal's file holds.
    private var saved: Journal?
    /// Somebody else's value is to be restored, and the file says an older one.
    private var isJournalStale = false
    /// Controls that an earlier run changed and that weren't given back yet.
    private var owed: [Control] = []
    /// What stands between the journal and the disk; nil: nothing.
    var journalDesk: JournalDesk?

    /// - Parameter journalPath: nil where somebody else keeps a journal (the helper does).
    init(files: ControlFiles, hands: Hands, journalPath: String?, isDryRun: Bool = false) {
        self.files = files
        self.hands = hands
        self.journalPath = journalPath
        self.isDryRun = isDryRun
        rows = files.controls.map { Row(control: $0) }
        journal = Journal(group: files.group.path)
        for index in rows.indices where rows[index].control.isFrequency {
            if let value = try? files.read(rows[index].control) { noteCap(value, index) }
        }
        probe()
    }

    private mutating func noteCap(_ value: String, _ index: Int) {
        rows[index].capKHz = max(rows[index].capKHz, Text.integer(value) ?? 0)
    }

    var missing: [Control] { rows.filter { !$0.isUsable }.map { $0.control } }
    var usableCount: Int { rows.count { $0.isUsable } }

    func isUsable(_ control: Control) -> Bool {
        rows.contains { $0.control == control && $0.isUsable }
    }

    /// The value found before us, or there now while the control is untouched.
    func own(_ control: Control) -> String? { journal[control] ?? (try? files.read(control)) }

    /// What was changed and still is, as the files say; in a dry run, what would be.
    var limits: [LimitInForce] {
        var limits: [LimitInForce] = []
        for row in rows {
            guard let value = row.left ?? row.asked, let original = journal[row.control],
                !value.isSame(as: original)
            else { continue }
            limits.append(LimitInForce(control: row.control, value: value, original: original))
        }
        return limits
    }

    /// Looks again at what couldn't be written.
    mutating func probe() {
        for index in rows.indices where !rows[index].isUsable {
            let control = rows[index].control
            rows[index].isUsable =
                isDryRun ? (try? files.read(control)) != nil : hands.probe(control, files)
        }
    }

    /// Brings the controls to what is wished. Those of one call go out together.
    mutating func write(
        _ wishes: [(control: Control, wish: Wish, reason: String)], isRoutine: Bool = false
    ) -> [ControlEvent] {
        var events: [ControlEvent] = []
        var batch: [(index: Int, target: String, current: String, reason: String)] = []
        for (control, wish, reason) in wishes {
            guard let index = rows.firstIndex(where: { $0.control == control && $0.isUsable }) else {
                continue
            }
            guard let current = try? files.read(control) else {
                rows[index].isUsable = false
                rows[index].left = nil
                rows[index].asked = nil
                continue
            }
            if control.isFrequency, journal[control] == nil { noteCap(current, index) }
            if let mine = rows[index].left, files.isForeign(control, mine: mine, current: current) {
                events.append(
                    ControlEvent(control: control, value: mine, outcome: .foreign(found: current)))
                journal[control] = current
                isJournalStale = true
                rows[index].left = nil
                rows[index].asked = nil
            }
            let target: String
            switch wish {
            case .leave: continue
            case .own:
                guard let own = journal[control] else { continue }
                target = own
            case .value(let value): target = value
            }
            if let asked = rows[index].asked, asked.isSame(as: target) {
                // There; or rounded by the kernel, held lower by it, shown late.
                if !isDryRun { rows[index].left = rows[index].left ?? current }
                continue
            }
            if target.isSame(as: current) {
                if isDryRun, rows[index].asked != nil {
                    rows[index].asked = nil
                    events.append(
                        ControlEvent(control: control, value: target, outcome: .wouldWrite, reason: reason))
                }
                continue
            }
            batch.append((index, target, current, reason))
        }
        if !batch.isEmpty { events += carryOut(batch, isRoutine: isRoutine) }
        if isJournalStale, saved != journal, journalDesk?.mayWrite() ?? true { _ = saveJournal() }
        return events
    }

    private mutating func carryOut(
        _ batch: [(index: Int, target: String, current: String, reason: String)], isRoutine: Bool
    ) -> [ControlEvent] {
        func events(_ outcome: (Int) -> ControlEvent.Outcome) -> [ControlEvent] {
            batch.indices.map { place in
                ControlEvent(
                    control: rows[batch[place].index].control, value: batch[place].target,
                    outcome: outcome(place), reason: batch[place].reason, isRoutine: isRoutine)
            }
        }
        if saved == nil { inheritJournal() }
        var isNew = false
        for item in batch {
            let control = rows[item.index].control
            if journal[control] == nil {
                journal[control] =
                    control.isFrequency ? "\(rows[item.index].capKHz)" : item.current
            }
            if saved?[control] == nil { isNew = true }
        }
        if isDryRun {
            for item in batch { rows[item.index].asked = item.target }
            return events { _ in .wouldWrite }
        }
        if isNew, let error = saveJournal() { return events { _ in .failed("journal: \(error.text)") } }
        let faults = hands.write(batch.map { (rows[$0.index].control, $0.target) }, files)
        for (item, fault) in zip(batch, faults) {
            if fault == nil {
                let now = try? files.read(rows[item.index].control)
                let isThere = !hands.isDelayed || now.map { !$0.isSame(as: item.current) } == true
                rows[item.index].left = isThere ? now ?? item.target : nil
                rows[item.index].asked = item.target
            } else {
                rows[item.index].isUsable = false
            }
        }
        return events { place in faults[place].map { .failed($0) } ?? .written }
    }

    /// Gives everything its own value back. What somebody else wrote since our last write stays theirs.
    mutating func restore() -> [ControlEvent] {
        var batch: [(control: Control, value: String)] = []
        for (control, value) in journal.originals where !isDryRun {
            guard let row = rows.first(where: { $0.control == control }), let current = try? files.read(control)
            else { continue }
            guard let mine = row.left ?? row.asked else {
                if owed.contains(control), !current.isSame(as: value) { batch.append((control, value)) }
                continue
            }
            if mine.isSame(as: value) { continue }
            if row.left != nil {
                if files.isForeign(control, mine: mine, current: current) { continue }
                // A frequency that reads as before may be held there by the kernel alone.
                if current.isSame(as: value), !control.isFrequency { continue }
            }
            batch.append((control, value))
        }
        let events = Self.giveBack(batch, hands, files)
        // What couldn't be given back stays in the journal: to be tried again, and for the next start.
        let failed = events.filter { $0.isFailure }.map { $0.control }
        for index in rows.indices where !failed.contains(rows[index].control) {
            rows[index].left = nil
            rows[index].asked = nil
            journal[rows[index].control] = nil
        }
        owed.removeAll { !failed.contains($0) }
        isJournalStale = false
        // A file that this book didn't write is of a run whose values couldn't be given back.
        guard journal.originals.isEmpty, saved != nil else { return events }
        saved = nil
        if let journalPath { try? FileSystem.remove(journalPath) }
        return events
    }

    /// What an earlier run changed and couldn't be given back: the file then says our limit, which is
    /// nobody's own value.
    private mutating func inheritJournal() {
        guard let journalPath, !isDryRun, let text = try? FileSystem.read(journalPath, limit: Journal.bytesMax),
            let found = Journal(text), found.group.utf8.elementsEqual(journal.group.utf8)
        else { return }
        for (control, value) in found.originals {
            journal[control] = value
            if !owed.contains(control) { owed.append(control) }
        }
    }

    static func giveBack(
        _ batch: [(control: Control, value: String)], _ hands: Hands, _ files: ControlFiles
    ) -> [ControlEvent] {
        guard !batch.isEmpty else { return [] }
        let faults: [String?]
        if case .helper(let link) = hands {
            let fault = link.restore()
            faults = batch.map { _ in fault }
        } else {
            faults = hands.write(batch, files)
        }
        return batch.indices.map { place in
            ControlEvent(
                control: batch[place].control, value: batch[place].value,
                outcome: faults[place].map { .failed($0) } ?? .restored)
        }
    }

    /// Not durable: it only has to outlive the process (see Journal).
    private mutating func saveJournal() -> Errno? {
        guard let journalPath, !isDryRun, saved != journal else { return nil }
        do throws(Errno) {
            let text = journal.text
            try FileSystem.replace(journalPath, with: text, mode: 0o600, durable: false)
            saved = journal
            isJournalStale = false
            journalDesk?.wrote(text.count)
            return nil
        } catch {
            return error
        }
    }
}

extension Journal {
    /// Puts back what a process that crashed had changed, by the journal it left, and removes that.
    static func recover(
        path: String, files: (Journal) -> (ControlFiles, Hands)?
    ) -> [ControlEvent] {
        guard let text = try? FileSystem.read(path, limit: bytesMax) else { return [] }
        var events: [ControlEvent] = []
        if let found = Journal(text), let (files, hands) = files(found) {
            // A group that is gone took its limits along.
            let batch = found.originals.filter { control, value in
                guard let current = try? files.read(control) else { return false }
                return !current.isSame(as: value)
            }
            events = ControlBook.giveBack(batch, hands, files)
        }
        if !events.contains(where: { $0.isFailure }) { try? FileSystem.remove(path) }
        return events
    }
}
