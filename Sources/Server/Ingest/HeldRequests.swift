// Requests for parameters that wait for something to give: a suspended connection each, no thread.

import Model
import Synchronization
import Wire

public final class HeldRequests: Sendable {
    struct Held {
        let call: DeviceCall
        let afterVersion: UInt64
        let deadlineMs: Int64
    }

    private struct Desk {
        var nextTicket: UInt64 = 0
        var held: [UInt64: Held] = [:]
        /// One for each device: a newer request displaces the older one.
        var tickets: [DeviceID: UInt64] = [:]
        var isClosed = false
    }

    private let desk = Mutex(Desk())
    private let registry: Registry
    private let counters: Counters

    public init(registry: Registry, counters: Counters) {
        self.registry = registry
        self.counters = counters
    }

    public var count: Int { desk.withLock { $0.held.count } }

    /// Answers at once when a set is due or the wait is 0, else when one comes due or the wait is over.
    public func hold(_ call: DeviceCall, after version: UInt64, waitMs: Int64) {
        if answer(call, after: version) { return }
        let held = Held(
            call: call, afterVersion: version, deadlineMs: Clock.monotonicMs() + waitMs)
        let (ticket, displaced): (UInt64?, Held?) = desk.withLock { desk in
            guard waitMs > 0, !desk.isClosed else { return (nil, nil) }
            let id = call.device.record.id
            let displaced = desk.tickets[id].flatMap { Self.take($0, &desk) }
            desk.nextTicket += 1
            desk.held[desk.nextTicket] = held
            desk.tickets[id] = desk.nextTicket
            return (desk.nextTicket, displaced)
        }
        displaced?.call.reply(204)
        guard let ticket else { return call.reply(204) }
        // A release between the first look and the entry woke nobody: look again.
        if registry.due(call.device.record.id, after: version) != nil,
            let held = desk.withLock({ Self.take(ticket, &$0) })
        {
            if !answer(held.call, after: held.afterVersion) { held.call.reply(204) }
        }
    }

    /// A set may be due for these devices now.
    public func wake(_ devices: Set<DeviceID>) {
        let woken = desk.withLock { desk in
            devices.compactMap { desk.tickets[$0] }.compactMap { ticket in
                desk.held[ticket].map { (ticket, $0) }
            }
        }
        for (ticket, held) in woken
        where registry.due(held.call.device.record.id, after: held.afterVersion) != nil {
            guard let held = desk.withLock({ Self.take(ticket, &$0) }) else { continue }
            if !answer(held.call, after: held.afterVersion) { held.call.reply(204) }
        }
    }

    /// Answers those whose time is up.
    public func expire() {
        let nowMs = Clock.monotonicMs()
        let expired = desk.withLock { desk in
            desk.held.filter { $0.value.deadlineMs <= nowMs }.keys.compactMap { Self.take($0, &desk) }
        }
        for held in expired { held.call.reply(204) }
    }

    /// Answers everybody; who comes later isn't held.
    public func close() {
        let all = desk.withLock { desk in
            desk.isClosed = true
            return Array(desk.held.keys).compactMap { Self.take($0, &desk) }
        }
        for held in all { held.call.reply(204) }
    }

    private func answer(_ call: DeviceCall, after version: UInt64) -> Bool {
        guard let due = registry.due(call.device.record.id, after: version) else { return false }
        counters.envelopes.add(1, ordering: .relaxed)
        call.reply(200, due.envelope.encoded(), contentType: protobufType)
        return true
    }

    private static func take(_ ticket: UInt64, _ desk: inout Desk) -> Held? {
        guard let held = desk.held.removeValue(forKey: ticket) else { return nil }
        let id = held.call.device.record.id
        if desk.tickets[id] == ticket { desk.tickets[id] = nil }
        return held
    }
}
