// Being woken by a stall instead of finding it in the next sample.
//
// A PSI trigger: the kernel is told "some 150 ms of 2 s", and the descriptor becomes ready for POLLPRI
// when tasks stalled on memory for so long; at most once per window. Windows of a multiple of 2 s are
// what a process without privileges may ask for (Linux 6.5). Where there is no PSI, the governed
// group's memory.events becomes ready when one of its limits was hit. Where there is neither, nothing
// wakes the agent, and what the samples show of stalls is all it knows.
//
// A trigger without privileges isn't enough. The kernel looks at such triggers in the same work that
// draws up the averages, once in 2 s, and only when the averages are due. Whoever reads
// /proc/pressure/memory in the some ten ms between their due time and that work has them drawn up
// there and then, and the work finds nothing due: the event is late by 2 s, or never comes where the
// stall is over. Someone who reads every 5 ms stops all events. So the account in the same file is looked
// at between observations too (`DeviceSensors.hasStalled`): that can't be taken away.
// https://docs.kernel.org/accounting/psi.html

import Model
import System

/// Optional and noncopyable don't mix well in a class's storage: the descriptor's owner stands alone.
private final class HeldTrigger {
    let trigger: Trigger
    init(_ trigger: consuming Trigger) { self.trigger = trigger }
}

public final class StallWatch {
    /// 7.5 % of the window: a machine that only swaps a little stays below.
    private static let request: StaticString = "some 150000 2000000\n"
    /// The same in the account, from one look to the next: they are 2 s apart.
    static let leastMicros: UInt64 = 150_000
    /// A group that goes takes its events along and may come back, ms.
    private static let retryMs: Int64 = 60_000

    private let procfsRoot: String
    private let eventsPath: String?
    private var held: HeldTrigger?
    private var triedMs: Int64 = 0
    /// How stalls become known; nil where nothing tells of them.
    public private(set) var source: StallSource?
    /// Why the kernel gave no trigger, where there is PSI.
    public private(set) var refusal: Errno?

    /// - Parameter groupFolder: the governed group's, for its memory.events.
    public init(procfsRoot: String = "/proc", groupFolder: String? = nil) {
        self.procfsRoot = procfsRoot
        eventsPath = groupFolder.map { "\($0)/memory.events" }
        open()
    }

    /// To be polled for `.priority`; nil where nothing wakes the agent.
    public var descriptor: Int32? { held?.trigger.descriptor }

    /// It was ready: makes the next stall an event of its own.
    /// - Returns: false when there is nothing to poll any more.
    public func rearm() -> Bool {
        // A PSI trigger arms itself; reading it would only cost.
        if source == .trigger { return true }
        if let held, held.trigger.rearm() { return true }
        // The group went, and its events with it.
        held = nil
        source = FileSystem.exists("\(procfsRoot)/vmstat") ? .vmstat : nil
        return false
    }

    /// Where the group's events are missing, looks for them now and then.
    /// - Returns: whether the descriptor is another one.
    public func retry(nowMs: Int64) -> Bool {
        guard held == nil, eventsPath != nil, source == .vmstat || source == nil,
            nowMs - triedMs >= Self.retryMs
        else { return false }
        triedMs = nowMs
        open()
        return held != nil
    }

    private func open() {
        let averagesPath = "\(procfsRoot)/pressure/memory"
        refusal = nil
        if (try? FileSystem.read(averagesPath, limit: 4096)) != nil {
            source = .averages
            // Under another root it is a plain file, which nothing ever wakes, and isn't written to.
            guard FileSystem.isKernels(averagesPath) else { return }
            do throws(Errno) {
                held = HeldTrigger(try Trigger(averagesPath, Self.request))
                source = .trigger
            } catch {
                refusal = error
            }
            return
        }
        source = FileSystem.exists("\(procfsRoot)/vmstat") ? .vmstat : nil
        guard let eventsPath, FileSystem.exists(eventsPath) else { return }
        do throws(Errno) {
            let events = HeldTrigger(try Trigger(watching: eventsPath))
            // The kernel tells of changes since the last read.
            guard events.trigger.rearm() else { return }
            if FileSystem.isKernels(eventsPath) { held = events }
            source = .memoryEvents
        } catch {
            refusal = error
        }
    }
}
