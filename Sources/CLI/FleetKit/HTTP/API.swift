// The server's operator API: paths, the token, and its refusals in the operator's words.

struct API {
    let client: any HTTPClient
    /// Without a slash at its end.
    let server: String
    let token: String

    func get(_ path: String) throws(Failure) -> JSON { try json(call("GET", path, nil)) }

    func post(_ path: String, _ body: JSON = .object([:])) throws(Failure) -> JSON {
        try json(call("POST", path, body.compact))
    }

    func delete(_ path: String) throws(Failure) { _ = try call("DELETE", path, nil) }

    /// Ample for a list of a large fleet on a slow line.
    private static let timeoutMs = 30_000

    private func call(_ method: String, _ path: String, _ body: [UInt8]?) throws(Failure) -> [UInt8] {
        var headers = [("Authorization", "Bearer \(token)"), ("Accept", "application/json")]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        let request = HTTPRequest(
            method: method, url: server + path, headers: headers, body: body ?? [],
            timeoutMs: Self.timeoutMs)
        let response: HTTPResponse
        do { response = try client.send(request) } catch { throw unreachable(error) }
        guard (200..<300).contains(response.status) else { throw refusal(response, method, path) }
        return response.body
    }

    private func json(_ body: [UInt8]) throws(Failure) -> JSON {
        do { return try JSONReader.read(body) } catch {
            throw Failure(
                "\(server) answered with something that isn't JSON (line \(error.line): \(error.text))",
                hint: "is --server really a phi-aggregator?")
        }
    }

    private func unreachable(_ failure: HTTPFailure) -> Failure {
        switch failure {
        case .unreachable(let text):
            Failure(
                "can't reach \(server): \(text)",
                hint: "is phi-aggregator running there, and --server or config.json right?",
                exit: .unreachable)
        case .timedOut(let text):
            Failure(
                "\(server) didn't answer in time: \(text)",
                hint: "look at the server's load and at the network between", exit: .unreachable)
        case .tls(let text):
            Failure(
                "no secure connection to \(server): \(text)",
                hint: "is this fleet's ca.crt the one in use (--ca-file), and the host one of its certificate's?",
                exit: .unreachable)
        case .tooLarge:
            Failure("the answer of \(server) is larger than \(CurlClient.replyBytesMax >> 20) MiB")
        case .other(let text): Failure("\(server): \(text)")
        }
    }

    /// problem+json (RFC 9457) in one line; the server's own hint goes before ours.
    private func refusal(_ response: HTTPResponse, _ method: String, _ path: String) -> Failure {
        let problem = (try? JSONReader.read(response.body)) ?? .null
        let said = problem["detail"].string ?? problem["title"].string
        let hint = problem["hint"].string
        switch response.status {
        case 401:
            return Failure(
                said ?? "the server doesn't know this token",
                hint: hint ?? "check operator.token or --token-file against the server's operators file",
                exit: .refused)
        case 403:
            return Failure(
                said ?? "this token's role may not do that",
                hint: hint ?? "ask for a token with the role operator", exit: .refused)
        case 404:
            return Failure(said ?? "the server has no \(path)", hint: hint)
        case 409:
            return Failure(said ?? "it conflicts with what is under way", hint: hint, exit: .refused)
        case 429, 503:
            let wait = response.retryAfter.map { "; it asks to come back in \($0) s" } ?? ""
            return Failure(
                (said ?? "the server is overloaded") + wait, hint: hint ?? "try again later",
                exit: .unreachable)
        default:
            return Failure(said ?? "the server answered \(method) \(path) with \(response.status)", hint: hint)
        }
    }

    /// One segment of a path: everything but letters, digits, `-`, `_` and `.` is percent-encoded.
    static func segment(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f, 0x2e:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return result
    }
}
