// Being woken by a stall instead of finding it in the next sample.
//
// A PSI trigger: the kernel is told "some 150 ms of 2 s", and the descriptor becomes ready for POLLPRI
// when tasks stalled on memory for so long; at most once per window. Windows of a multiple of 2 s are
// what a process without privileges may ask for (Linux 6.5). Where there is no PSI, the governed
// group's memory.events becomes ready when one of its limits was hit. Where there is neither, nothing
// wakes the agent, and what the samples show of stalls is all it knows.
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

    private let averagesPath: String
    private let eventsPath: String?
    private var held: HeldTrigger?
    private var isEvents = false
    /// How stalls become known; nil where nothing tells of them.
    public private(set) var source: StallSource?
    /// Why the kernel gave no trigger, where there is PSI.
    public private(set) var refusal: Errno?

    /// - Parameter group: the governed group's folder, for its memory.events.
    public init(procfsRoot: String = "/proc", groupFolder: String? = nil) {
        averagesPath = "\(procfsRoot)/pressure/memory"
        eventsPath = groupFolder.map { "\($0)/memory.events" }
        open(procfsRoot)
    }

    /// To be polled for `.priority`; nil where nothing wakes the agent.
    public var descriptor: Int32? { held?.trigger.descriptor }

    /// It was ready: makes the next stall an event of its own.
    public func rearm() {
        if isEvents { held?.trigger.rearm() }
    }

    /// The descriptor is in error (the group went): it isn't polled any more.
    public func close() {
        held = nil
        if isEvents { source = nil }
        if source == .trigger { source = .averages }
        isEvents = false
    }

    private func open(_ procfsRoot: String) {
        let hasAverages = (try? FileSystem.read(averagesPath, limit: 4096)) != nil
        if hasAverages {
            source = .averages
            do throws(Errno) {
                // Under another root it is a plain file, which nothing ever wakes.
                guard OneShot.isKernels(averagesPath) else { return }
                held = HeldTrigger(try Trigger(averagesPath, Self.request))
                source = .trigger
            } catch {
                refusal = error
            }
            return
        }
        if let eventsPath, OneShot.isKernels(eventsPath) {
            do throws(Errno) {
                let events = HeldTrigger(try Trigger(watching: eventsPath))
                events.trigger.rearm()
                held = events
                isEvents = true
                source = .memoryEvents
                return
            } catch {
                refusal = error
            }
        }
        if FileSystem.exists("\(procfsRoot)/vmstat") { source = .vmstat }
    }
}
