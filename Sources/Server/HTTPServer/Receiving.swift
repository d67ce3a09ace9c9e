// The three steps of a request on the daemon's thread: its head, its body, its reply.

import CMicrohttpd
import Glibc
import Synchronization

extension MicroServer {
    /// With the head only: the body's limit is known before its first byte is taken.
    func receiveHead(
        _ exchange: Exchange, _ connection: OpaquePointer, _ method: UnsafePointer<CChar>
    ) -> MHD_Result {
        guard let context = cmicrohttpd_context(connection) else { return .NO }
        let clock = Unmanaged<ConnectionClock>.fromOpaque(context).takeUnretainedValue()
        clock.restart()
        exchange.clock = clock
        let mark = exchange.target.utf8.firstIndex(of: 0x3f) ?? exchange.target.utf8.endIndex
        let head = HTTPHead(
            method: String(cString: method), path: String(exchange.target[..<mark]),
            authorization: header(connection, MHD_HTTP_HEADER_AUTHORIZATION))
        switch bodyLimit(head) {
        case .upTo(let count): exchange.bodyLimit = count
        case .refuse(let response): exchange.refusal = response
        }
        if let length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH), let count = Int(length) {
            if let refusal = exchange.refusal {
                return count <= limits.drainedBytesMax ? .YES : send(refusal, connection)
            }
            guard count <= exchange.bodyLimit else { return refuseBody(connection) }
            // A common report fits; a claim alone reserves no more.
            exchange.body.reserveCapacity(min(count, 8192))
        }
        return .YES
    }

    /// A piece of the body. Past the limit nothing is kept; far past it the connection is cut.
    func receiveBody(
        _ exchange: Exchange, _ upload: UnsafePointer<CChar>?, _ count: Int
    ) -> MHD_Result {
        exchange.receivedBytes += count
        if exchange.refusal != nil {
            let most = max(limits.drainedBytesMax, exchange.bodyLimit)
            return exchange.receivedBytes > most ? .NO : .YES
        }
        guard exchange.receivedBytes <= exchange.bodyLimit else {
            exchange.drop()
            return exchange.receivedBytes > exchange.bodyLimit * limits.overrunFactor + 4096
                ? .NO : .YES
        }
        let piece = UnsafeRawBufferPointer(start: upload, count: count)
        if !exchange.keep(piece, limit: limits.bufferedBytesMax) {
            fullTotal.add(1, ordering: .relaxed)
            var response = HTTPResponse.text(503, "the server holds too many requests\n")
            response.headers = [("Retry-After", "5")]
            exchange.refusal = response
        }
        return .YES
    }

    /// With the whole request: to the handler; or, after a pause, its answer to the client.
    func respond(
        _ exchange: Exchange, _ connection: OpaquePointer, _ method: UnsafePointer<CChar>
    ) -> MHD_Result {
        if exchange.isReceiving {
            exchange.clock?.halt()
            if let refusal = exchange.refusal { return send(refusal, connection) }
            guard exchange.receivedBytes <= exchange.bodyLimit else { return refuseBody(connection) }
            let request = HTTPRequest(
                method: String(cString: method), target: exchange.target,
                authorization: header(connection, MHD_HTTP_HEADER_AUTHORIZATION),
                body: exchange.body, isLoopback: cmicrohttpd_peer(connection).map(isLoopback) ?? false,
                isEncrypted: isEncrypted)
            exchange.body = []
            exchange.open()
            handler(request, Responder(exchange))
        }
        guard let response = exchange.answerOrSuspend() else { return .YES }
        return send(response, connection)
    }

    private func refuseBody(_ connection: OpaquePointer) -> MHD_Result {
        oversizedTotal.add(1, ordering: .relaxed)
        return send(.text(413, "the body is too large\n"), connection)
    }

    private func send(_ response: HTTPResponse, _ connection: OpaquePointer) -> MHD_Result {
        var body = response.body
        let made = body.withUnsafeMutableBytes {
            MHD_create_response_from_buffer($0.count, $0.baseAddress, .RESPMEM_MUST_COPY)
        }
        guard let made else { return .NO }
        defer { MHD_destroy_response(made) }
        if let type = response.contentType {
            MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, type)
        }
        for (name, value) in response.headers { MHD_add_response_header(made, name, value) }
        return MHD_queue_response(connection, UInt32(response.status), made)
    }

    private func header(_ connection: OpaquePointer, _ name: String) -> String? {
        MHD_lookup_connection_value(connection, .HEADER_KIND, name).map { String(cString: $0) }
    }
}
