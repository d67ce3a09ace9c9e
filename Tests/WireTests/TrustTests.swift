// Who may say what: envelopes, enrolment, MACs, report keys.

import Bytes
import CoreTesting
import Digest
import Model
import Testing

@testable import Wire

@Suite struct EnvelopeTests {
    private func refusal(_ envelope: Envelope, root: Digest32?) -> Refusal? {
        do throws(Refusal) {
            _ = try envelope.verified(root: root)
            return nil
        } catch {
            return error
        }
    }

    private func envelope(
        _ fixed: Fixed, set: ParameterSet? = nil, signer: PrivateKey? = nil, keys: [UInt8]? = nil
    ) -> Envelope {
        let keys = keys ?? fixed.keySet.encoded()
        return Envelope(
            signing: set ?? fixed.set, with: signer ?? fixed.signer, keySet: keys,
            root: fixed.root.publicKey,
            rootSignature: fixed.root.signature(over: Envelope.keySetDomain + keys))
    }

    @Test func aGoodOneIsTaken() throws {
        let fixed = try Fixed()
        let (set, version) = try fixed.envelope.verified(root: fixed.root.publicKey.fingerprint)
        #expect(set == fixed.set && version == fixed.keySet.version)
        #expect(refusal(fixed.envelope, root: nil) == nil)
    }

    @Test func anotherRootIsUnknown() throws {
        let fixed = try Fixed()
        #expect(refusal(fixed.envelope, root: .zero) == .unknownRoot)
        // An operator of one's own: consistent in itself, not the pinned one.
        let keys = fixed.keySet.encoded()
        let usurped = Envelope(
            signing: fixed.set, with: fixed.signer, keySet: keys, root: fixed.deviceKey.publicKey,
            rootSignature: fixed.deviceKey.signature(over: Envelope.keySetDomain + keys))
        #expect(refusal(usurped, root: fixed.root.publicKey.fingerprint) == .unknownRoot)
        #expect(refusal(usurped, root: nil) == nil)
    }

    @Test func theKeySetMustBeTheRoots() throws {
        let fixed = try Fixed()
        let pinned = fixed.root.publicKey.fingerprint
        var bad = fixed.envelope
        bad.rootSignature[5] ^= 1
        #expect(refusal(bad, root: pinned) == .badKeySetSignature)
        bad = fixed.envelope
        bad.keySet[1] ^= 1
        #expect(refusal(bad, root: pinned) == .badKeySetSignature)
        // A signature without its domain, or of the other domain.
        for domain in [[], Envelope.domain] {
            bad = fixed.envelope
            bad.rootSignature = fixed.root.signature(over: domain + bad.keySet)
            #expect(refusal(bad, root: pinned) == .badKeySetSignature)
        }
        bad.rootSignature = []
        #expect(refusal(bad, root: pinned) == .badKeySetSignature)
    }

    @Test func theKeyMustBeInTheSet() throws {
        let fixed = try Fixed()
        let pinned = fixed.root.publicKey.fingerprint
        #expect(refusal(envelope(fixed, signer: fixed.root), root: pinned) == .unknownKey)
        var bad = fixed.envelope
        bad.keyID = KeyID(value: bad.keyID.value ^ 1)
        #expect(refusal(bad, root: pinned) == .unknownKey)
        let none = KeySet(version: 4, keys: []).encoded()
        #expect(refusal(envelope(fixed, keys: none), root: pinned) == .unknownKey)
    }

    @Test func theSignatureMustFit() throws {
        let fixed = try Fixed()
        let pinned = fixed.root.publicKey.fingerprint
        var bad = fixed.envelope
        bad.signature[63] ^= 1
        #expect(refusal(bad, root: pinned) == .badSignature)
        // Another key of the set can't stand in.
        bad = fixed.envelope
        bad.keyID = KeyID(of: fixed.deviceKey.publicKey)
        #expect(refusal(bad, root: pinned) == .badSignature)
        for domain in [[], Envelope.keySetDomain] {
            bad = fixed.envelope
            bad.signature = fixed.signer.signature(over: domain + bad.payload)
            #expect(refusal(bad, root: pinned) == .badSignature)
        }
        for index in 0..<fixed.envelope.payload.count {
            bad = fixed.envelope
            bad.payload[index] ^= 0x10
            if refusal(bad, root: pinned) != .badSignature { Issue.record("payload byte \(index)") }
        }
        bad = fixed.envelope
        bad.payload.append(0)
        #expect(refusal(bad, root: pinned) == .badSignature)
    }

    @Test func valuesBeyondTheHardLimitsAreRefusedThoughSigned() throws {
        let fixed = try Fixed()
        let pinned = fixed.root.publicKey.fingerprint
        for parameter in Parameter.allCases {
            var set = fixed.set
            set.values[parameter] = parameter.description.limits.upperBound + 1
            let found = refusal(envelope(fixed, set: set), root: pinned)
            guard case .outOfRange(let what)? = found else {
                Issue.record("\(parameter.path): \(String(describing: found))")
                continue
            }
            #expect(what.contains(parameter.path))
        }
        var set = fixed.set
        set.values[.idleC] = 79.5
        set.values[.softLimitC] = 79
        #expect(refusal(envelope(fixed, set: set), root: pinned)?.code == 10)
        set.values[.idleC] = .nan
        #expect(refusal(envelope(fixed, set: set), root: pinned) == .malformed)
    }

    @Test func whatIsSignedMustBeReadable() throws {
        let fixed = try Fixed()
        let pinned = fixed.root.publicKey.fingerprint
        #expect(refusal(envelope(fixed, keys: [0x12, 0x01, 0x00]), root: pinned) == .malformed)
        var bad = fixed.envelope
        bad.payload = [0xff]
        bad.signature = fixed.signer.signature(over: Envelope.domain + bad.payload)
        #expect(refusal(bad, root: pinned) == .malformed)
    }

    @Test func everyFlippedBitIsRefused() throws {
        let fixed = try Fixed()
        let bytes = fixed.envelope.encoded()
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let envelope = try? Envelope(decoding: flipped) else { continue }
            if refusal(envelope, root: fixed.root.publicKey.fingerprint) == nil {
                Issue.record("bit \(bit)")
            }
        }
    }
}

@Suite struct EnrolmentTests {
    @Test func theSenderMustHoldTheKey() throws {
        let fixed = try Fixed()
        #expect(throws: WireFault.outOfRange(field: 15)) {
            try EnrolRequest(verifying: fixed.enrolRequest.encoded(signedBy: fixed.root))
        }
        let bytes = fixed.enrolRequest.encoded(signedBy: fixed.deviceKey)
        #expect(try EnrolRequest(verifying: bytes).device == fixed.enrolRequest.device)
        // Nothing may follow the signature, not even a second one.
        #expect(throws: WireFault.outOfRange(field: 15)) { try EnrolRequest(verifying: bytes + bytes) }
        #expect(throws: WireFault.missing(field: 15)) {
            try EnrolRequest(verifying: Array(bytes.dropLast(66)))
        }
    }
}

@Suite struct MACTests {
    private let key = [UInt8](repeating: 0x61, count: 32)
    private let device = DeviceID(high: 0x0123, low: 0x4567)
    private let nonce = [UInt8](0..<16)
    private let body: [UInt8] = [8, 1, 2, 3]

    private func request(method: String = "POST", path: String = "/v1/reports?x=1") -> RequestMAC {
        RequestMAC(key: key, device: device, nonce: nonce, method: method, path: path, body: body)
    }

    @Test func headersGoBothWays() throws {
        let mac = request()
        #expect(
            mac.header
                == "PHI-HMAC device=00000000000001230000000000004567,nonce=000102030405060708090a0b0c0d0e0f,mac=\(mac.mac.hex)"
        )
        #expect(RequestMAC(header: mac.header) == mac)
        #expect(RequestMAC(header: mac.header.replacing(",", with: " , ")) == mac)
        try forSeeds(500) { random in
            let mac = RequestMAC(
                key: random.bytes(32), device: random.device(), nonce: random.bytes(16),
                method: random.text(upTo: 8), path: random.text(upTo: 80), body: random.bytes(random.below(99)))
            try hold(RequestMAC(header: mac.header) == mac, mac.header)
        }
    }

    @Test func otherHeadersAreNone() {
        let header = request().header
        for bad in [
            "", "Bearer x", "PHI-HMAC", "PHI-HMAC ", "phi-hmac" + header.dropFirst(8), "Basic " + header,
            String(header.dropLast()), String(header.dropLast(2)), header + "00", header + ",x",
            header + ",x=zz", header.replacing("nonce=00", with: "nonce="),
            header.replacing("device=", with: "device=00"), header.replacing("mac=", with: "cam="),
            header + String(repeating: ",x=00", count: 30),
        ] {
            #expect(RequestMAC(header: bad) == nil, "\(bad)")
        }
        #expect(RequestMAC(header: header + ",x=00")?.header == header)
    }

    @Test func everyPartOfARequestIsCovered() throws {
        let mac = request()
        #expect(mac.isValid(key: key, method: "POST", path: "/v1/reports?x=1", body: body))
        #expect(!mac.isValid(key: [0] + key.dropFirst(), method: "POST", path: "/v1/reports?x=1", body: body))
        #expect(!mac.isValid(key: key, method: "GET", path: "/v1/reports?x=1", body: body))
        #expect(!mac.isValid(key: key, method: "POST", path: "/v1/reports?x=2", body: body))
        #expect(!mac.isValid(key: key, method: "POST", path: "/v1/reports?x=1", body: body + [0]))
        #expect(!mac.isValid(key: key, method: "POST", path: "/v1/reports?x=1", body: []))
        // Device, nonce and MAC, digit by digit.
        let header = Array(mac.header.utf8)
        for index in header.indices {
            for digit in [UInt8(0x30), 0x61] where header[index] != digit {
                var changed = header
                changed[index] = digit
                let other = RequestMAC(header: String(decoding: changed, as: UTF8.self))
                if other?.isValid(key: key, method: "POST", path: "/v1/reports?x=1", body: body) == true {
                    Issue.record("digit \(index)")
                }
            }
        }
    }

    /// What one part ends with is not what the next begins with.
    @Test func partsOfARequestDontRunTogether() {
        func mac(_ method: String, _ path: String, _ body: String) -> Digest32 {
            RequestMAC(
                key: key, device: device, nonce: nonce, method: method, path: path,
                body: Array(body.utf8)
            ).mac
        }
        let all = [mac("GET", "/a", "b"), mac("GET/", "a", "b"), mac("GET", "/ab", ""), mac("GE", "T/a", "b")]
        #expect(Set(all).count == all.count)
    }

    @Test func everyPartOfAReplyIsCovered() {
        let one = request()
        let two = request(path: "/v1/reports?x=2")
        func mac(
            _ request: RequestMAC, _ status: Int, _ retryAfterS: Int?, _ body: [UInt8],
            key: [UInt8]? = nil
        ) -> Digest32 {
            ReplyMAC.compute(
                key: key ?? self.key, request: request, status: status, retryAfterS: retryAfterS,
                body: body)
        }
        let all = [
            mac(one, 200, nil, body), mac(two, 200, nil, body), mac(one, 403, nil, body),
            mac(one, 200, 0, body), mac(one, 200, 5, body), mac(one, 200, nil, []),
            mac(one, 200, nil, body + [0]), mac(one, 200, nil, body, key: nonce),
        ]
        #expect(Set(all).count == all.count)
        #expect(mac(one, 200, 5, body) == mac(one, 200, 5, body))
        // A request's MAC is no reply's.
        #expect(!all.contains(one.mac))
    }

    /// The head says how long the body is: no byte can move from one into the other.
    @Test func retryAfterCannotMoveIntoTheBody() {
        let with = ReplyMAC.compute(
            key: key, request: request(), status: 200, retryAfterS: 5, body: body)
        let without = ReplyMAC.compute(
            key: key, request: request(), status: 200, retryAfterS: nil, body: [0x20, 5] + body)
        #expect(with != without)
    }

    @Test func reportKeysMoveWithCounterAndDevice() throws {
        let master = [UInt8](repeating: 9, count: 32)
        func derive(_ device: DeviceID, _ counter: UInt64) -> [UInt8] {
            ReportKey.derive(master: master, device: device, counter: counter)
        }
        #expect(derive(device, 0).count == 32)
        #expect(derive(device, 3) == derive(device, 3))
        var keys = Set((0..<100).map { derive(device, $0) })
        #expect(keys.count == 100)
        keys.insert(derive(DeviceID(high: 0x0123, low: 0x4568), 0))
        keys.insert(derive(device, .max))
        keys.insert(ReportKey.derive(master: [1] + master, device: device, counter: 0))
        #expect(keys.count == 103)
        #expect(
            derive(device, 7)
                == Digest.hkdf(
                    key: master, salt: Array("phi-report-key-1".utf8),
                    info: device.bytes + Array(" 7".utf8)))
    }
}
