// A running aggregator on a folder of its own, and the calls tests make.

import Aggregator
import Bytes
import Digest
import Foundation
import HTTPServer
import Ingest
import Model
import ServerTesting
import Testing
import Wire

/// A folder of its own in one that ends with the tests' process.
func temporaryFolder() -> String { TemporaryFolders.make() }

/// What `fleet server init` would make, without certificates.
func makeDataFolder() throws -> String {
    let path = temporaryFolder()
    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }
    let hash = Digest.sha256(Array(TestOperator.token.utf8)).hex
    let viewer = Digest.sha256(Array("viewer".utf8)).hex
    try write("operators", "# who may\nadmin \(hash) ada\nviewer \(viewer) eve\n")
    try write("master.key", String(repeating: "5a", count: 32) + "\n")
    try write("root.fingerprint", TestOperator().root.publicKey.fingerprint.hex + "\n")
    return path
}

func waitFor(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<1000 {
        if try condition() { return true }
        usleep(10_000)
    }
    return false
}

struct Harness {
    let folder: String
    let service: FleetService
    let client: RawClient
    var port: UInt16 { service.port }

    init(folder: String? = nil, silentAfterMs: Int64? = nil, requestS: UInt32 = 60,
        notice: @escaping Notice = { _, _ in }
    ) throws {
        let path = try folder ?? makeDataFolder()
        self.folder = path
        var configuration = FleetConfiguration(dataPath: path)
        configuration.listen = "127.0.0.1:0"
        configuration.silentAfterMs = silentAfterMs
        configuration.limits.requestSeconds = requestS
        configuration.notice = notice
        service = try FleetService(configuration)
        client = try #require(RawClient(port: service.port))
    }

    func connect() throws -> RawClient { try #require(RawClient(port: port)) }

    func operate(
        _ method: String, _ path: String, _ json: String = "", token: String = TestOperator.token
    ) throws -> RawResponse {
        try #require(
            client.request(
                method, path, headers: [("Authorization", "Bearer \(token)")], body: Array(json.utf8)))
    }

    func json(_ path: String) throws -> [String: Any] {
        try parse(operate("GET", path))
    }

    func token(uses: Int = 100, autoAccept: Bool = true) throws -> String {
        let made = try operate("POST", "/v1/enrolment-tokens", #"{"uses":\#(uses),"autoAccept":\#(autoAccept)}"#)
        #expect(made.status == 201)
        return try #require(parse(made)["secret"] as? String)
    }

    func enrol(_ device: inout TestDevice, token: String) throws {
        let response = try #require(client.request("POST", "/v1/enroll", body: device.enrolment(token: token)))
        #expect(response.status == 200)
        let reply = try EnrolReply(decoding: response.body)
        #expect(reply.device == device.id)
        device.reportKey = reply.reportKey
    }

    func enrolled(_ number: Int) throws -> TestDevice {
        var device = TestDevice(number)
        try enrol(&device, token: token())
        return device
    }

    /// The value of a line of /metrics.
    func metric(_ line: String) throws -> Double {
        let page = try operate("GET", "/metrics").text
        let found = page.split(separator: "\n").first { $0.hasPrefix(line + " ") }
        let value = try #require(found?.split(separator: " ").last, "no metric \(line)")
        return try #require(Double(value))
    }

    func counted(_ result: String) throws -> Double {
        try metric("phi_reports_total{result=\"\(result)\"}")
    }
}

func parse(_ response: RawResponse) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
}

struct ConnectionLost: Error {}

extension RawClient {
    /// Sends a report with its MAC; checks the reply's own.
    func send(_ sealed: SealedReport, of device: TestDevice) throws -> RawResponse {
        let mac = device.mac("POST", "/v1/reports", sealed.bytes)
        guard
            let response = request(
                "POST", "/v1/reports", headers: [("Authorization", mac.header)], body: sealed.bytes)
        else { throw ConnectionLost() }
        if response.status != 401 { response.checkMAC(device, mac) }
        return response
    }

    func parameters(_ device: TestDevice, after version: UInt64, waitS: Int) -> RequestMAC {
        let path = "/v1/parameters?after=\(version)&wait=\(waitS)"
        let mac = device.mac("GET", path)
        send("GET \(path) HTTP/1.1\r\nHost: t\r\nAuthorization: \(mac.header)\r\n\r\n")
        return mac
    }
}

extension RawResponse {
    func checkMAC(_ device: TestDevice, _ request: RequestMAC) {
        let expected = ReplyMAC.compute(
            key: device.reportKey, request: request, status: status,
            retryAfterS: header("Retry-After").flatMap { Int($0) }, body: body)
        #expect(header("PHI-MAC") == expected.hex)
    }
}
