// Rollouts, as operators start, watch and steer them.

import Bytes
import Digest
import FoundationEssentials
import HTTPServer
import Ingest
import Model
import Rollout
import Wire

struct RolloutRoutes: Sendable {
    let core: FleetCore

    init(_ core: FleetCore) { self.core = core }

    var routes: [Route] {
        [
            Route("GET", "/v1/rollouts", .least(.viewer), list),
            Route("POST", "/v1/rollouts", .least(.operator), push),
            Route("GET", "/v1/rollouts/*", .least(.viewer), show),
            Route("POST", "/v1/rollouts/*/pause", .least(.operator)) { steer($0, .pause) },
            Route("POST", "/v1/rollouts/*/resume", .least(.operator)) { steer($0, .resume) },
            Route("POST", "/v1/rollouts/*/promote", .least(.operator)) { steer($0, .promote) },
            Route("POST", "/v1/rollouts/*/abort", .least(.operator)) { call in
                steer(call, .abort(by: call.sender?.name ?? "an operator"))
            },
        ]
    }

    private struct PushBody: Decodable, Sendable {
        var envelopeHex: String
        var strategy: String?
        var canary: String?
        var soakS: Double?
        var author: String?
        var message: String?
    }

    private func push(_ call: Call) {
        guard let body = call.decode(PushBody.self) else { return }
        let request: PushRequest
        do { request = try read(body, by: call.sender?.name ?? "") } catch { return call.fail(error) }
        let registry = core.registry
        core.committer.perform({ try $0.push(request) }) { result in
            switch result {
            case .success(let id): Self.answer(call, 201, id, registry.view)
            case .failure(let error): call.fail(error)
            }
        }
    }

    private func read(_ body: PushBody, by sender: String) throws(Problem) -> PushRequest {
        func bad(_ code: String, _ detail: String) -> Problem {
            Problem(status: 422, code: code, detail: detail)
        }
        guard let bytes = Hex.decode(body.envelopeHex) else {
            throw bad("envelope", "envelopeHex isn't hexadecimal")
        }
        let envelope: Envelope
        do { envelope = try Envelope(decoding: bytes) } catch { throw bad("envelope", error.text) }
        let set: ParameterSet
        do { set = try envelope.verified(root: core.folder.rootFingerprint).0 } catch {
            throw bad("envelope", error.text)
        }
        guard let strategy = RolloutStrategy(name: body.strategy ?? "golden") else {
            throw bad("strategy", "there are golden and all")
        }
        guard let canary = Canary(body.canary ?? "1") else {
            throw bad("canary", "the canary is a number of devices, or a share such as 5%")
        }
        // A week: whoever soaks longer has forgotten the rollout.
        let seconds = 0.0...604_800
        let soak = body.soakS ?? 600
        guard seconds.contains(soak) else {
            throw bad("range", "soakS must be 0…604800")
        }
        let claimed = body.author ?? ""
        guard claimed.utf8.count <= 128, (body.message ?? "").utf8.count <= 1024 else {
            throw bad("range", "author may have 128 bytes, message 1024")
        }
        return PushRequest(
            set: set, envelope: envelope, strategy: strategy, canary: canary,
            soakMs: Int64(soak * 1000),
            // Who is known by their token; and who they say they are.
            author: claimed.isEmpty || claimed == sender ? sender : "\(sender) (\(claimed))",
            message: body.message ?? "")
    }

    private func list(_ call: Call) {
        let view = core.registry.view
        var writer = JSONWriter()
        writer.beginObject()
        writer.beginArray("rollouts")
        for state in view.rollouts { writer.rollout(state, view, hasDevices: false) }
        writer.endArray()
        writer.endObject()
        call.json(200, writer)
    }

    private func show(_ call: Call) {
        guard let id = id(call) else { return }
        Self.answer(call, 200, id, core.registry.view)
    }

    private func steer(_ call: Call, _ event: RolloutEvent) {
        guard let id = id(call) else { return }
        let registry = core.registry
        core.committer.perform({ try $0.apply(event, to: id) }) { result in
            switch result {
            case .success: Self.answer(call, 200, id, registry.view)
            case .failure(let error): call.fail(error)
            }
        }
    }

    /// A rollout by its id, the beginning of it, or the version it brings.
    private func id(_ call: Call) -> RolloutID? {
        let text = call.captures[0].lowercased()
        let rollouts = core.registry.view.rollouts
        if let id = RolloutID(hex: text), rollouts.contains(where: { $0.plan.id == id }) { return id }
        let found = rollouts.filter {
            (text.utf8.count >= 4 && $0.plan.id.hex.hasPrefix(text)) || "\($0.plan.version)" == text
        }
        if found.count == 1 { return found[0].plan.id }
        call.fail(
            found.isEmpty
                ? Problem(
                    status: 404, code: "rollout", detail: "no rollout \(call.captures[0])",
                    hint: "look at: fleet rollout list")
                : Problem(status: 409, code: "ambiguous", detail: "several rollouts begin with \(text)"))
        return nil
    }

    private static func answer(_ call: Call, _ status: Int, _ id: RolloutID, _ view: FleetView) {
        guard let state = view.rollouts.first(where: { $0.plan.id == id }) else {
            return call.fail(Problem(status: 404, code: "rollout", detail: "no rollout \(id.hex)"))
        }
        var writer = JSONWriter()
        writer.rollout(state, view, hasDevices: true)
        call.json(status, writer)
    }
}
