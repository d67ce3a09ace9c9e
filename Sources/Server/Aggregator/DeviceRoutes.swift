// What devices call: enrolment, reports, parameters. Protobuf in, protobuf out, no Foundation.

import Bytes
import HTTPServer
import Ingest
import Model
import Wire

struct DeviceRoutes: Sendable {
    let core: FleetCore
    let desk: ReportDesk

    init(_ core: FleetCore) {
        self.core = core
        desk = ReportDesk(registry: core.registry, committer: core.committer, counters: core.counters)
    }

    var routes: [Route] {
        [
            Route("POST", "/v1/enroll", .open, enrol),
            Route("POST", "/v1/reports", .open, report),
            // Operators share the path, without `after`: the route looks at who asks.
            Route("GET", "/v1/parameters", .open, parameters),
        ]
    }

    private func report(_ call: Call) {
        let device = deviceCall(call)
        if !desk.take(device, call.request.body, receivedMs: Clock.ledgerMs()) { unknown(call) }
    }

    private func parameters(_ call: Call) {
        guard let header = call.request.authorization, header.hasPrefix("PHI-HMAC ") else {
            return ParameterRoutes(core).list(call)
        }
        guard let device = deviceCall(call) else { return unknown(call) }
        guard ReportDesk.admit(device) else { return }
        guard let after = call.request.argument("after").flatMap({ UInt64($0) }),
            let wait = UInt16(call.request.argument("wait") ?? "0")
        else { return device.refuse(400, code: "query", "after and wait must be numbers") }
        core.held.hold(device, after: after, waitMs: Int64(min(wait, 300)) * 1000)
    }

    private func deviceCall(_ call: Call) -> DeviceCall? {
        let reply = call.reply
        return DeviceCall(
            registry: core.registry, method: call.request.method, target: call.request.target,
            authorization: call.request.authorization, body: call.request.body
        ) { reply(HTTPResponse($0)) }
    }

    private func unknown(_ call: Call) { call.reply(Self.unknownSender) }

    static let unknownSender = HTTPResponse(
        Problem(
            status: 401, code: "mac",
            detail: "the request's MAC is missing or wrong, or the device unknown"))

    private func enrol(_ call: Call) {
        let counters = core.counters
        guard call.request.isEncrypted || call.request.isLoopback || core.configuration.isInsecure else {
            counters.count(.insecure as EnrolmentResult)
            return call.fail(
                Problem(
                    status: 403, code: "insecure", detail: "enrolment over plain HTTP is for loopback only",
                    hint: "use https, or start phi-aggregator with --insecure"))
        }
        let request: EnrolRequest
        do { request = try EnrolRequest(verifying: call.request.body) } catch {
            counters.count(.malformed as EnrolmentResult)
            return call.fail(Problem(status: 400, code: "malformed", detail: error.text))
        }
        core.committer.perform({ try $0.enrol(request) }) { result in
            switch result {
            case .success(let reply):
                counters.count(reply.isAccepted ? .accepted : .pending as EnrolmentResult)
                call.reply(HTTPResponse(200, contentType: protobufType, body: reply.encoded()))
            case .failure(let error):
                let status = (error as? Problem)?.status
                counters.count(
                    status == 403 ? .badToken : status == 409 ? .otherKey : .failed as EnrolmentResult)
                call.fail(error)
            }
        }
    }
}

extension HTTPResponse {
    init(_ reply: DeviceReply) {
        self.init(reply.status, contentType: reply.contentType, body: reply.body)
        if let mac = reply.mac { headers.append((ReplyMAC.header, mac.hex)) }
        if let seconds = reply.retryAfterS { headers.append(("Retry-After", "\(seconds)")) }
    }
}
