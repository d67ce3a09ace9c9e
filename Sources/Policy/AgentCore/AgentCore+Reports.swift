// Enrolment and reports: what is sent, and what follows from the answer.

import Digest
import Model
import TensorPool
import Wire

extension AgentCore {
    mutating func enrol(_ nowMs: Int64, _ actions: inout [AgentAction]) {
        guard !isEnrolling, !isReporting, let due = nextReportMs, nowMs >= due else { return }
        nextReportMs = nil
        guard let token = configuration.token, let key = PrivateKey(seed: state.deviceSeed) else {
            actions.append(
                .log(.warning, "not enrolled: decisions stay on this device (give --token to enrol)"))
            return
        }
        isEnrolling = true
        let request = EnrolRequest(
            token: token, publicKey: key.publicKey, installID: state.installID, hardware: hardware,
            labels: state.labels, agentVersion: configuration.agentVersion)
        actions.append(.enrol(request.encoded(signedBy: key)))
    }

    mutating func enrolEnded(
        _ result: LinkResult, _ now: Instant, _ actions: inout [AgentAction]
    ) {
        switch result {
        case .reply(200, let body, _, _):
            guard let reply = try? EnrolReply(decoding: body), reply.device == state.device else {
                return retryEnrolment("the reply to the enrolment can't be read", now, &actions)
            }
            state.reportKey = reply.reportKey
            if state.serverEpoch == nil { state.serverEpoch = reply.serverEpoch }
            mustEnrolAgain = false
            unknownReplies = 0
            persist(.other, &actions)
            reportBackoff.succeeded()
            nextReportMs = latest == nil ? nil : now.monotonicMs
            nextHoldMs = now.monotonicMs
            actions.append(
                .log(
                    .notice,
                    reply.isAccepted
                        ? "enrolled as \(state.device.hex)"
                        : "enrolled as \(state.device.hex), pending: accept it with fleet devices accept"))
        case .reply(let status, let body, _, _):
            // A device that has a key goes on with it.
            mustEnrolAgain = false
            retryEnrolment(
                "enrolment refused (\(status)): \(Self.shown(body))", now, &actions)
        case .failed(let text):
            mustEnrolAgain = false
            retryEnrolment(text, now, &actions)
        }
    }

    mutating func retryEnrolment(
        _ text: String, _ now: Instant, _ actions: inout [AgentAction]
    ) {
        let isFirst = reportBackoff.failures == 0
        let waitMs = reportBackoff.failed(&random)
        nextReportMs = now.monotonicMs + waitMs
        actions.append(
            .log(isFirst ? .warning : .debug, "\(text); next attempt in \(waitMs) ms"))
    }

    /// A report ahead of the next cycle's, unless the aggregator is being waited for: neither a
    /// backoff nor a Retry-After is cut short.
    mutating func reportSoon(_ now: Instant) {
        if reportBackoff.failures == 0, state.reportKey != nil { nextReportMs = now.monotonicMs }
    }

    mutating func report(_ now: Instant, _ actions: inout [AgentAction]) {
        guard !isReporting else { return }
        nextReportMs = nil
        if mustMoveBoot {
            var next = state
            next.boot += 1
            return persist(.newBoot, next, &actions)
        }
        if let pending = desk.pending {
            isReporting = true
            actions.append(.report(pending.bytes))
            return
        }
        guard let latest else { return }
        if spool.mustFetch, refusedForGood < 2 { return fetchBacklog(&actions) }
        var draft = Report(
            device: desk.device, boot: desk.boot, kernelBootID: configuration.kernelBootID,
            sequence: 0, previousHead: .zero, instant: now,
            agentVersion: configuration.agentVersion, samplesTaken: samplesTaken,
            sample: latest.sample, decision: latest.decision, controlMode: controlMode,
            pool: feed.summary, cycleDigest: .zero,
            hardwareHash: state.hardwareHash ?? hardware.hash,
            hardware: mustTellHardware ? hardware : nil,
            parameterVersion: keeper.current.version, applyStatus: keeper.status, gap: gap,
            chunks: [], seriesNames: feed.namesToTell)
        // After two refusals in a row a chunk may be the cause: then one goes without, so that the
        // device stays seen.
        let backlog = refusedForGood >= 2 ? nil : spool.fetched
        let room = ReportDesk.chunkBytesMax - (backlog?.byteCount ?? 0)
        let waiting = refusedForGood >= 2 || room <= 0 ? [] : feed.undelivered(maxBytes: room)
        let chunks = Array(waiting.prefix(Report.chunkCountMax - (backlog?.chunks.count ?? 0)))
        draft.origins = origins(backlog, poolChunks: chunks.count, now)
        draft.spool = spoolReport
        draft.controls = controls
        spool.fetched = nil
        spool.underWay = backlog
        let sealed = desk.seal(draft, backlog: backlog?.chunks ?? [], chunks: chunks)
        isReporting = true
        actions.append(.report(sealed.bytes))
    }

    mutating func reportEnded(
        _ result: LinkResult, _ now: Instant, _ actions: inout [AgentAction]
    ) {
        switch result {
        case .reply(200, let body, true, _):
            guard let reply = try? ReportReply(decoding: body),
                let (report, delivered) = desk.acknowledge(reply)
            else { return retryReport("the reply to a report can't be read", 0, now, &actions) }
            acknowledged(report, delivered, now, &actions)
            noteEpoch(reply.serverEpoch, now, &actions)
            if let envelope = reply.envelope { offered(envelope, now, &actions) }
            if reply.hasUnreadableEnvelope {
                actions.append(.log(.warning, "parameters refused: \(Refusal.malformed.text)"))
            }
        case .reply(let status, let body, true, let retryAfterS):
            refused(status, body, retryAfterS, now, &actions)
        case .reply(401, _, false, _):
            // Anyone on the wire can say so: the key stays until another enrolment succeeds.
            unknownReplies += 1
            if configuration.token != nil, unknownReplies % Self.unknownRepliesMax == 0 {
                mustEnrolAgain = true
            }
            retryReport(
                "the aggregator doesn't know this device or its key (--token enrols it again)", 0,
                now, &actions)
        case .reply(let status, _, false, _):
            retryReport(
                "a reply (\(status)) without a valid signature was ignored", 0, now, &actions)
        case .failed(let text):
            wasOffline = true
            retryReport(text, 0, now, &actions)
        }
    }

    mutating func acknowledged(
        _ report: Report, _ delivered: [ChunkRef], _ now: Instant, _ actions: inout [AgentAction]
    ) {
        feed.acknowledge(delivered)
        backlogAcknowledged(&actions)
        unknownReplies = 0
        refusedForGood = 0
        gap = nil
        if state.untold != nil {
            state.untold = nil
            isDirty = true
        }
        if report.hardware == hardware { mustTellHardware = false }
        feed.noteNamesTold(report.seriesNames)
        if report.parameterVersion == keeper.current.version {
            keeper.noteAcknowledged()
        } else {
            // It was sealed before the set came into force: tell of that one at once.
            nextReportMs = now.monotonicMs
        }
        if reportBackoff.failures > 0 {
            actions.append(.log(.notice, "the aggregator answers again"))
            nextHoldMs = nextHoldMs.map { min($0, now.monotonicMs) }
        }
        reportBackoff.succeeded()
        if wasOffline {
            // What was sampled meanwhile shall arrive now, not when its block is full.
            wasOffline = false
            feed.seal()
        }
        // A backlog follows with the report of each cycle; at the end it goes at once.
        if feed.undeliveredValues > 0, farewellEndMs != nil { nextReportMs = now.monotonicMs }
    }

    /// The new boot counter is on the disk (or isn't: then nothing is reported under it).
    mutating func beginBoot(stored: Bool, _ now: Instant, _ actions: inout [AgentAction]) {
        guard stored else {
            return retryReport("the boot counter can't be stored", 0, now, &actions)
        }
        mustMoveBoot = false
        // Nothing was lost: the pool goes on, and its chunks stay undelivered until acknowledged.
        gap = RestartGap(previousBoot: desk.boot, wasClean: true, samplesLost: 0).joined(gap)
        samplesTaken = 0
        mustTellHardware = true
        desk = ReportDesk(device: state.device, boot: state.boot)
        // What was in the report that wasn't taken lies on the disk still.
        spool.underWay = nil
        nextReportMs = now.monotonicMs
    }

    mutating func refused(
        _ status: Int, _ body: [UInt8], _ retryAfterS: Int?, _ now: Instant,
        _ actions: inout [AgentAction]
    ) {
        let leastMs = Int64(max(0, min(retryAfterS ?? 0, 3600))) * 1000
        let text = "a report was refused (\(status)): \(Self.shown(body))"
        switch status {
        case 409:
            // Another head stands at the aggregator for this place in the sequence: someone else
            // reports as this device, or the server was restored from a backup. A new boot counter
            // parts the two; the aggregator has flagged the fork.
            mustMoveBoot = true
        case 400, 413:
            // It would be refused for ever. The sequence goes on, so that the aggregator sees the gap.
            desk.abandon()
            backlogRefused(&actions)
            refusedForGood += 1
        default: break
        }
        retryReport(text, leastMs, now, &actions)
    }

    mutating func retryReport(
        _ text: String, _ leastMs: Int64, _ now: Instant, _ actions: inout [AgentAction]
    ) {
        let isFirst = reportBackoff.failures == 0
        let waitMs = reportBackoff.failed(&random, leastMs: leastMs)
        nextReportMs = now.monotonicMs + waitMs
        actions.append(
            .log(isFirst ? .warning : .debug, "\(text); next attempt in \(waitMs) ms"))
    }

    /// The head of a reply's body, for the log.
    public static func shown(_ body: [UInt8]) -> String {
        let head = body.prefix(160).map { $0 < 0x20 || $0 >= 0x7f ? 0x20 : $0 }
        return String(decoding: head, as: UTF8.self)
    }
}
