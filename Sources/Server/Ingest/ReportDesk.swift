// The front of the report path: who sends it, may they, can it be read; then to the committer.

import Model
import Store
import Wire

public struct ReportDesk: Sendable {
    let registry: Registry
    let committer: Committer
    let counters: Counters

    public init(registry: Registry, committer: Committer, counters: Counters) {
        self.registry = registry
        self.committer = committer
        self.counters = counters
    }

    /// - Parameter call: nil for a sender who isn't known; the reply then carries no MAC.
    /// - Returns: false for an unknown sender: the caller answers 401.
    public func take(_ call: DeviceCall?, _ body: [UInt8], receivedMs: Int64) -> Bool {
        guard let call else {
            counters.count(.unauthorised)
            return false
        }
        guard Self.admit(call) else {
            counters.count(.forbidden)
            return true
        }
        let sealed: SealedReport
        do { sealed = try SealedReport(decoding: body) } catch {
            counters.count(.malformed as ReportResult)
            call.refuse(400, code: "malformed", error.text)
            return true
        }
        guard sealed.report.device == call.device.record.id else {
            counters.count(.malformed as ReportResult)
            call.refuse(400, code: "malformed", "the report names another device than its sender")
            return true
        }
        let report = VerifiedReport(call: call, sealed: sealed, receivedMs: receivedMs)
        if !committer.submit(report) {
            counters.count(.overloaded)
            call.refuse(503, code: "overloaded", "too many reports wait", retryAfterS: 2)
        }
        return true
    }

    /// Devices that aren't accepted are told so, and when to ask again.
    public static func admit(_ call: DeviceCall) -> Bool {
        switch call.device.record.status {
        case .accepted: return true
        case .pending:
            call.refuse(403, code: "pending", "an operator has yet to accept this device", retryAfterS: 5)
        case .rejected:
            call.refuse(403, code: "rejected", "an operator rejected this device", retryAfterS: 3600)
        }
        return false
    }
}
