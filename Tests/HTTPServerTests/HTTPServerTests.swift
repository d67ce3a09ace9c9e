import Foundation
import HTTPServer
import ServerTesting
import Synchronization
import Testing

private final class Parked: Sendable {
    let responders = Mutex<[Responder]>([])
    func takeAll() -> [Responder] {
        responders.withLock { all in
            defer { all = [] }
            return all
        }
    }
}

private func serve(
    listen: String = "127.0.0.1:0", requestS: UInt32 = 60, bufferedBytesMax: Int = 1 << 20,
    parked: Parked = Parked()
) throws -> MicroServer {
    var limits = HTTPLimits()
    limits.requestSeconds = requestS
    limits.bufferedBytesMax = bufferedBytesMax
    let bodyLimit: MicroServer.BodyLimit = {
        $0.path == "/members" && $0.authorization != "me" ? .refuse(.text(401, "who?")) : .upTo(1000)
    }
    return try MicroServer(listen: listen, limits: limits, bodyLimit: bodyLimit) { request, responder in
        switch request.path {
        case "/park": parked.responders.withLock { $0.append(responder) }
        case "/drop": break
        case "/later":
            let copy = responder
            Thread.detachNewThread { copy.reply(.text(200, "later")) }
        default:
            responder.reply(
                .text(200, "\(request.method) \(request.target) \(request.body.count) \(request.isLoopback)"))
        }
    }
}

private func waitFor(_ condition: () -> Bool) -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        usleep(10_000)
    }
    return false
}

@Suite struct HTTPServerTests {
    @Test func answersAtOnceAndLaterOnOneConnection() throws {
        let server = try serve()
        let client = try #require(RawClient(port: server.port))
        for _ in 0..<200 {
            #expect(client.request("GET", "/a%20b?x=1")?.text == "GET /a%20b?x=1 0 true")
            #expect(client.request("POST", "/p", body: [1, 2, 3])?.text == "POST /p 3 true")
            #expect(client.request("GET", "/later")?.text == "later")
        }
        server.stop()
    }

    @Test func aDroppedRequestIsAnswered() throws {
        let server = try serve()
        let client = try #require(RawClient(port: server.port))
        #expect(client.request("GET", "/drop")?.status == 500)
        server.stop()
    }

    @Test func listensOnIPv6() throws {
        let server = try serve(listen: "[::1]:0")
        #expect(server.address == "[::1]:\(server.port)")
        let client = try #require(RawClient(port: server.port, isIPv6: true))
        #expect(client.request("GET", "/")?.text == "GET / 0 true")
        server.stop()
    }

    @Test(arguments: ["x", "127.0.0.1", "1.2.3:80", "::1:80", "127.0.0.1:99999", "256.0.0.1:80"])
    func refusesBadAddresses(_ text: String) {
        #expect(throws: HTTPServerFault.badAddress(text)) { try serve(listen: text) }
    }

    @Test func knowsWhichAddressesOtherMachinesReach() {
        for text in ["127.0.0.1:0", "127.9.9.9:80", "localhost:1", "[::1]:8440"] { #expect(MicroServer.isLocal(text)) }
        for text in ["0.0.0.0:1", "[::]:1", "10.0.0.1:8440", "x", "[fe80::1]:2"] { #expect(!MicroServer.isLocal(text)) }
    }

    @Test func saysThatAPortIsTaken() throws {
        let server = try serve()
        #expect(throws: HTTPServerFault.cannotListen(server.address, errno: EADDRINUSE)) {
            try serve(listen: server.address)
        }
        server.stop()
    }

    @Test func oversizedBodiesGet413() throws {
        let server = try serve()
        let honest = try #require(RawClient(port: server.port))
        #expect(honest.request("POST", "/", body: [UInt8](repeating: 0, count: 1000))?.status == 200)
        #expect(honest.request("POST", "/", body: [UInt8](repeating: 0, count: 1001))?.status == 413)
        // Without a length the limit holds while the pieces arrive.
        let chunked = try #require(RawClient(port: server.port))
        chunked.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<3 { chunked.send("200\r\n" + String(repeating: "x", count: 512) + "\r\n") }
        chunked.send("0\r\n\r\n")
        #expect(chunked.receive()?.status == 413)
        // Who goes on for ever is cut.
        let endless = try #require(RawClient(port: server.port))
        endless.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<200 { endless.send("200\r\n" + String(repeating: "x", count: 512) + "\r\n") }
        #expect(endless.receive() == nil)
        #expect(server.refusedBodiesTotal == 2)
        server.stop()
    }

    @Test func strangersAreRefusedByTheirHead() throws {
        let server = try serve()
        let client = try #require(RawClient(port: server.port))
        // A short body is dropped, and the connection lives on.
        for _ in 0..<3 {
            #expect(client.request("POST", "/members", body: [UInt8](repeating: 0, count: 5000))?.status == 401)
            #expect(client.request("POST", "/members", headers: [("Authorization", "me")], body: [1])?.status == 200)
        }
        // A long one isn't waited for.
        client.send("POST /members HTTP/1.1\r\nHost: t\r\nContent-Length: 300000\r\n\r\n")
        #expect(client.receive()?.status == 401)
        #expect(server.bufferedByteCount == 0)
        let endless = try #require(RawClient(port: server.port))
        endless.send("POST /members HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<200 { endless.send("200\r\n" + String(repeating: "x", count: 512) + "\r\n") }
        #expect(endless.receive() == nil)
        server.stop()
    }

    @Test func halfBodiesFillNoMoreThanTheirShare() throws {
        let server = try serve(bufferedBytesMax: 2500)
        let begin = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n" + String(repeating: "x", count: 900)
        do {
            let waiting = try (0..<2).map { _ in try #require(RawClient(port: server.port)) }
            for client in waiting { client.send(begin) }
            #expect(waitFor { server.bufferedByteCount == 1800 })
            let late = try #require(RawClient(port: server.port))
            late.send(begin + String(repeating: "x", count: 100))
            #expect(late.receive()?.status == 503)
            #expect(server.crowdedOutTotal == 1 && server.bufferedByteCount == 1800)
            withExtendedLifetime(waiting) {}
        }
        #expect(waitFor { server.bufferedByteCount == 0 })
        let client = try #require(RawClient(port: server.port))
        #expect(client.request("POST", "/", body: [UInt8](repeating: 0, count: 900))?.status == 200)
        server.stop()
    }

    @Test func nonsenseGets400OrTheDoor() throws {
        let server = try serve()
        for text in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\n\(String(repeating: "a: b\r\n", count: 2000))\r\n"] {
            let client = try #require(RawClient(port: server.port, timeoutS: 3))
            client.send(text)
            let status = client.receive()?.status ?? 400
            #expect(status >= 400 && status < 600)
        }
        let client = try #require(RawClient(port: server.port))
        #expect(client.request("GET", "/")?.status == 200)
        server.stop()
    }

    @Test func slowAndHalfRequestsAreCut() throws {
        let server = try serve(requestS: 1)
        let stop = Mutex(false)
        Thread.detachNewThread {
            while !stop.withLock({ $0 }) {
                server.cutSlowConnections()
                usleep(100_000)
            }
        }
        defer { stop.withLock { $0 = true } }
        let halfHead = try #require(RawClient(port: server.port))
        halfHead.send("GET / HTTP/1.1\r\nHo")
        let halfBody = try #require(RawClient(port: server.port))
        halfBody.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nabc")
        // A byte every now and then never lets an idle timeout fire.
        let dribble = try #require(RawClient(port: server.port))
        dribble.send("GET / HTTP/1.1\r\n")
        for _ in 0..<12 {
            dribble.send("x")
            usleep(250_000)
        }
        // 408 would be as good an answer as a closed connection.
        for client in [halfHead, halfBody, dribble] {
            #expect((client.receive()?.status ?? 408) == 408)
        }
        #expect(waitFor { server.connectionCount == 0 })
        server.stop()
    }

    @Test func aClientMayLeaveWhileItsRequestIsHeld() throws {
        let parked = Parked()
        let server = try serve(parked: parked)
        do {
            let client = try #require(RawClient(port: server.port))
            client.send("GET /park HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(waitFor { server.inFlightCount == 1 })
        }
        usleep(50_000)
        for responder in parked.takeAll() {
            responder.reply(.text(200, "too late"))
            responder.reply(.text(200, "twice"))
        }
        #expect(waitFor { server.inFlightCount == 0 && server.connectionCount == 0 })
        server.stop()
    }

    @Test func stopAnswersWhoIsHeld() throws {
        let parked = Parked()
        let server = try serve(parked: parked)
        let clients = try (0..<50).map { _ in try #require(RawClient(port: server.port)) }
        for client in clients { client.send("GET /park HTTP/1.1\r\nHost: t\r\n\r\n") }
        #expect(waitFor { server.inFlightCount == 50 })
        server.stop { for responder in parked.takeAll() { responder.reply(HTTPResponse(204)) } }
        for client in clients { #expect(client.receive()?.status == 204) }
        #expect(RawClient(port: server.port) == nil)
    }

    /// Many threads answering at once, in any order relative to the handler's return.
    @Test func suspendAndResumeUnderLoad() throws {
        let server = try serve()
        let done = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 16) { _ in
            guard let client = RawClient(port: server.port) else { return }
            for _ in 0..<100 where client.request("GET", "/later")?.text == "later" {
                done.add(1, ordering: .relaxed)
            }
        }
        #expect(done.load(ordering: .relaxed) == 1600)
        server.stop()
    }
}
