// Enrolment tokens, as operators make, list and withdraw them.

import Bytes
import FoundationEssentials
import HTTPServer
import Ingest
import Store

struct TokenRoutes: Sendable {
    let core: FleetCore

    init(_ core: FleetCore) { self.core = core }

    var routes: [Route] {
        [
            Route("GET", "/v1/enrolment-tokens", .least(.viewer), list),
            Route("POST", "/v1/enrolment-tokens", .least(.operator), make),
            Route("DELETE", "/v1/enrolment-tokens/*", .least(.operator), remove),
        ]
    }

    private struct TokenRequest: Decodable, Sendable {
        var label: String?
        var uses: Int?
        var expiresInS: Int?
        var autoAccept: Bool?
    }

    private func make(_ call: Call) {
        guard let wanted = call.decode(TokenRequest.self) else { return }
        let uses = wanted.uses ?? 1
        let seconds = wanted.expiresInS ?? 86_400
        // A golden image's token may be used a million times; ten years are for ever.
        guard (1...1_000_000).contains(uses), (1...315_360_000).contains(seconds) else {
            return call.fail(
                Problem(
                    status: 422, code: "range",
                    detail: "uses must be 1…1000000 and expiresInS 1…315360000"))
        }
        let label = wanted.label ?? ""
        guard label.utf8.count <= 128 else {
            return call.fail(Problem(status: 422, code: "range", detail: "the label is longer than 128 bytes"))
        }
        let autoAccepts = wanted.autoAccept ?? false
        core.committer.perform({
            try $0.makeToken(
                label: label, uses: uses, lifetimeMs: Int64(seconds) * 1000, autoAccepts: autoAccepts)
        }) { result in
            switch result {
            case .success(let made):
                var writer = JSONWriter()
                writer.token(made.token, secret: made.secret)
                call.json(201, writer)
            case .failure(let error): call.fail(error)
            }
        }
    }

    private func list(_ call: Call) {
        core.committer.perform({ try $0.tokens() }) { result in
            switch result {
            case .success(let tokens):
                var writer = JSONWriter()
                writer.beginObject()
                writer.beginArray("tokens")
                for token in tokens { writer.token(token, secret: nil) }
                writer.endArray()
                writer.endObject()
                call.json(200, writer)
            case .failure(let error): call.fail(error)
            }
        }
    }

    private func remove(_ call: Call) {
        let id = call.captures[0]
        core.committer.perform({ try $0.removeToken(id) }) { result in
            switch result {
            case .success: call.reply(HTTPResponse(204))
            case .failure(let error): call.fail(error)
            }
        }
    }
}

extension Call {
    /// The body as JSON; answers 422 itself when it can't be read. Operators' requests alone come here:
    /// Foundation's decoder has no place on the report path.
    func decode<Value: Decodable>(_ type: Value.Type) -> Value? {
        do { return try JSONDecoder().decode(type, from: Data(request.body)) } catch {
            fail(Problem(status: 422, code: "json", detail: "the body isn't the JSON expected: \(Self.words(error))"))
            return nil
        }
    }

    private static func words(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "unreadable" }
        func place(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, _): return "\(key.stringValue) is missing"
        case .typeMismatch(let type, let context): return "\(place(context)) must be \(type)"
        case .valueNotFound(let type, let context): return "\(place(context)) must be \(type)"
        case .dataCorrupted(let context): return "\(place(context)) \(context.debugDescription)"
        @unknown default: return "unreadable"
        }
    }
}

extension JSONWriter {
    fileprivate mutating func token(_ token: TokenRecord, secret: String?) {
        beginObject()
        value(token.id, "id")
        if let secret { value(secret, "secret") }
        value(token.label, "label")
        value(token.uses, "uses")
        value(token.used, "used")
        value(Int(token.expiresMs), "expiresMs")
        value(token.autoAccepts, "autoAccept")
        endObject()
    }
}
