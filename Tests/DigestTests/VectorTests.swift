import Bytes
import CoreTesting
import Digest
import Testing

private func bytes(_ hex: String) throws -> [UInt8] {
    try #require(Hex.decode(Array(hex.utf8.filter { $0 > 0x20 })[...]))
}

private func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The vectors that the standards print.
@Suite struct VectorTests {
    /// FIPS 180-4's examples (as NIST's "SHA-256 examples" print them).
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func sha256(_ message: String, _ digest: String) {
        #expect(Digest.sha256(ascii(message)).hex == digest)
    }

    @Test func sha256OfAMillionLetters() {
        let message = [UInt8](repeating: 0x61, count: 1_000_000)
        #expect(
            Digest.sha256(message).hex
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    /// RFC 4231, section 4 (case 5, the truncated one, aside).
    @Test(arguments: [
        (
            String(repeating: "0b", count: 20), "4869205468657265",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            "0102030405060708090a0b0c0d0e0f10111213141516171819", String(repeating: "cd", count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
        (
            String(repeating: "aa", count: 131),
            "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            String(repeating: "aa", count: 131),
            "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746f20626520686173686564206265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d2e",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ])
    func hmac(_ key: String, _ message: String, _ mac: String) throws {
        #expect(Digest.hmac(key: try bytes(key), try bytes(message)).hex == mac)
    }

    /// RFC 5869, appendix A.1 to A.3: the first 32 bytes, which is what we ever ask for.
    @Test func hkdf() throws {
        let key = [UInt8](repeating: 0x0b, count: 22)
        let first = Digest.hkdf(
            key: key, salt: try bytes("000102030405060708090a0b0c"),
            info: try bytes("f0f1f2f3f4f5f6f7f8f9"))
        #expect(
            Hex.encode(first) == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
        let second = Digest.hkdf(
            key: Array(0x00...0x4f), salt: Array(0x60...0xaf), info: Array(0xb0...0xff))
        #expect(
            Hex.encode(second) == "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c")
        let third = Digest.hkdf(key: key, salt: [], info: [])
        #expect(
            Hex.encode(third) == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")
    }

    /// RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc).
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
        (
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ])
    func ed25519(_ seed: String, _ key: String, _ message: String, _ signature: String) throws {
        let privateKey = try #require(PrivateKey(seed: try bytes(seed)))
        #expect(privateKey.publicKey.hex == key)
        #expect(Hex.encode(privateKey.signature(over: try bytes(message))) == signature)
        let publicKey = try #require(PublicKey(hex: key))
        #expect(publicKey.isValid(signature: try bytes(signature), over: try bytes(message)))
    }
}

@Suite struct DigestTests {
    @Test func partsAreOneMessage() throws {
        try forSeeds(2000) { random in
            let message = random.bytes(random.below(200))
            let cuts = [random.below(message.count + 1), random.below(message.count + 1)].sorted()
            let a = Array(message[..<cuts[0]])
            let b = Array(message[cuts[0]..<cuts[1]])
            let c = Array(message[cuts[1]...])
            try hold(Digest.sha256(a, b, c) == Digest.sha256(message), "\(cuts) of \(message.count)")
            let key = random.bytes(random.below(100))
            try hold(Digest.hmac(key: key, a, b, c) == Digest.hmac(key: key, message), "HMAC")
            try hold(
                Digest.sha256(message, range: cuts[0]..<cuts[1]) == Digest.sha256(b), "a range")
        }
    }

    /// libcrypto takes a null key for "the key before": an empty one must not become that.
    @Test func anEmptyKeyIsNotTheKeyBefore() {
        let keyed = Digest.hmac(key: ascii("Jefe"), ascii("x"))
        let empty = Digest.hmac(key: [], ascii("x"))
        #expect(empty != keyed)
        #expect(empty == Digest.hmac(key: [0], ascii("x")))
        #expect(
            Digest.hmac(key: [], []).hex
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func digestsOnManyThreads() async {
        let expected = Digest.hmac(key: ascii("key"), ascii("message"))
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<2000).allSatisfy { _ in
                        Digest.hmac(key: ascii("key"), ascii("message")) == expected
                    }
                }
            }
            for await isSame in group { #expect(isSame) }
        }
    }

    @Test func equalityInConstantTimeSeesEveryBit() throws {
        try forSeeds(50) { random in
            let bytes = random.bytes(32)
            let digest = try #require(Digest32(bytes))
            try hold(digest.equalsInConstantTime(digest), "itself")
            for bit in 0..<256 {
                var other = bytes
                other[bit / 8] ^= 1 << UInt8(bit % 8)
                let flipped = try #require(Digest32(other))
                try hold(!digest.equalsInConstantTime(flipped), "bit \(bit)")
                try hold(digest != flipped, "bit \(bit), ==")
            }
        }
    }

    @Test func digestsAndTheirBytes() throws {
        let digest = try #require(Digest32(Array(0..<32)))
        #expect(digest.bytes == Array(0..<32))
        #expect(digest.words.0 == 0x0001_0203_0405_0607)
        #expect(digest.hex.hasPrefix("00010203"))
        for index in 0..<32 { #expect(digest.byte(index) == UInt8(index)) }
        #expect(Digest32.zero.bytes == [UInt8](repeating: 0, count: 32))
        #expect(Digest32([UInt8](repeating: 0, count: 31)) == nil)
        #expect(Digest32([UInt8](repeating: 0, count: 33)) == nil)
        #expect(Set([digest, digest, .zero]).count == 2)
    }

    @Test func keysAndSignaturesOfOtherLengthsAreRefused() throws {
        let key = try #require(PrivateKey(seed: [UInt8](repeating: 7, count: 32)))
        #expect(PrivateKey(seed: [UInt8](repeating: 7, count: 31)) == nil)
        #expect(PublicKey([UInt8](repeating: 7, count: 33)) == nil)
        #expect(PublicKey(hex: "zz") == nil)
        let signature = key.signature(over: ascii("m"))
        #expect(key.publicKey.isValid(signature: signature, over: ascii("m")))
        #expect(!key.publicKey.isValid(signature: [], over: ascii("m")))
        #expect(!key.publicKey.isValid(signature: signature + [0], over: ascii("m")))
        #expect(!key.publicKey.isValid(signature: Array(signature.dropLast()), over: ascii("m")))
        #expect(!key.publicKey.isValid(signature: signature, over: ascii("n")))
        #expect(key.publicKey.fingerprint == Digest.sha256(key.publicKey.bytes))
    }

    @Test func everyFlippedBitOfASignatureShows() throws {
        let key = try #require(PrivateKey(seed: [UInt8](repeating: 9, count: 32)))
        let signature = key.signature(over: ascii("message"))
        for bit in 0..<512 {
            var flipped = signature
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            if key.publicKey.isValid(signature: flipped, over: ascii("message")) {
                Issue.record("bit \(bit)")
            }
        }
        // Keys that are no point of the curve, or of low order, verify nothing of ours.
        for first in UInt8.min...(.max) {
            let odd = try #require(PublicKey([first] + [UInt8](repeating: 0, count: 31)))
            #expect(!odd.isValid(signature: signature, over: ascii("message")))
        }
    }

    @Test func randomIsNotTheSameTwice() {
        #expect(Digest.random(32) != Digest.random(32))
        #expect(Digest.random(0) == [])
        #expect(PrivateKey.generate().seed != PrivateKey.generate().seed)
        #expect(!Digest.libraryVersion.isEmpty)
    }
}
