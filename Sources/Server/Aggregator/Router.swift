// Which request goes where, and who may send it: a table. Unknown path: 404; known path, other method:
// 405 with Allow; no or unknown token: 401; role too low: 403.

import Bytes
import HTTPServer
import Ingest

/// One request on its way through a route.
struct Call: Sendable {
    let request: HTTPRequest
    /// The parts of the path where the pattern has a star.
    let captures: [String]
    /// Who asks; nil on routes without an operator.
    let sender: Operator?
    let reply: @Sendable (HTTPResponse) -> Void

    func json(_ status: Int = 200, _ writer: JSONWriter) {
        reply(HTTPResponse(status, contentType: "application/json", body: writer.bytes))
    }

    func fail(_ problem: Problem) { reply(HTTPResponse(problem)) }

    /// For what a task of the ledger threw.
    func fail(_ error: any Error) {
        fail(
            error as? Problem
                ?? Problem(status: 500, code: "internal", detail: "\(error)"))
    }
}

extension HTTPResponse {
    init(_ problem: Problem) {
        self.init(problem.status, contentType: Problem.contentType, body: problem.json)
    }
}

struct Route: Sendable {
    enum Access: Sendable {
        /// Nobody is asked, or the route itself asks (devices sign their requests).
        case open
        case least(Role)
    }

    let method: String
    let pattern: [String]
    let access: Access
    let run: @Sendable (Call) -> Void

    init(
        _ method: String, _ path: String, _ access: Access, _ run: @escaping @Sendable (Call) -> Void
    ) {
        self.method = method
        pattern = Router.split(path)
        self.access = access
        self.run = run
    }

    func captures(_ path: [String]) -> [String]? {
        guard path.count == pattern.count else { return nil }
        var captures: [String] = []
        for (part, wanted) in zip(path, pattern) {
            if wanted == "*" {
                captures.append(part)
            } else if part != wanted {
                return nil
            }
        }
        return captures
    }
}

struct Router: Sendable {
    let operators: Operators
    let counters: Counters
    /// Routes by the length of their path: the report path looks at a handful.
    private let routes: [Int: [Route]]

    init(_ routes: [Route], operators: Operators, counters: Counters) {
        self.routes = Dictionary(grouping: routes) { $0.pattern.count }
        self.operators = operators
        self.counters = counters
    }

    static var tokenNeeded: HTTPResponse {
        var response = HTTPResponse(
            Problem(
                status: 401, code: "token", detail: "an operator's token is needed",
                hint: "fleet reads it from operator.token; see fleet --token-file"))
        response.headers = [("WWW-Authenticate", "Bearer")]
        return response
    }

    static func split(_ path: String) -> [String] {
        path.utf8.split(separator: 0x2f, omittingEmptySubsequences: true).map { String($0) ?? "" }
    }

    func handle(_ request: HTTPRequest, _ responder: Responder) {
        let counters = counters
        let reply: @Sendable (HTTPResponse) -> Void = { response in
            counters.countResponse(response.status)
            responder.reply(response)
        }
        let path = Self.split(request.path)
        var allowed: [String] = []
        for route in routes[path.count] ?? [] {
            guard let captures = route.captures(path) else { continue }
            guard route.method == request.method || (route.method == "GET" && request.method == "HEAD")
            else {
                allowed.append(route.method)
                continue
            }
            run(route, request, captures, reply)
            return
        }
        if allowed.isEmpty {
            reply(
                HTTPResponse(Problem(status: 404, code: "path", detail: "there is nothing at \(request.path)")))
        } else {
            var response = HTTPResponse(
                Problem(
                    status: 405, code: "method", detail: "\(request.method) isn't for \(request.path)"))
            response.headers = [("Allow", allowed.joined(separator: ", "))]
            reply(response)
        }
    }

    private func run(
        _ route: Route, _ request: HTTPRequest, _ captures: [String],
        _ reply: @escaping @Sendable (HTTPResponse) -> Void
    ) {
        guard case .least(let role) = route.access else {
            return route.run(Call(request: request, captures: captures, sender: nil, reply: reply))
        }
        guard let sender = operators.find(authorization: request.authorization) else {
            return reply(Self.tokenNeeded)
        }
        guard sender.role >= role else {
            return reply(
                HTTPResponse(
                    Problem(
                        status: 403, code: "role",
                        detail: "\(sender.name) is \(sender.role.name), this takes \(role.name)")))
        }
        route.run(Call(request: request, captures: captures, sender: sender, reply: reply))
    }
}
