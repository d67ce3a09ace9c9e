import CoreTesting
import Testing

@testable import Bytes

/// One field as a test writes it and expects it back.
private indirect enum Wanted: Equatable {
    case unsigned(UInt64)
    case signed(Int64)
    case bool(Bool)
    case double(UInt64)
    case data([UInt8])
    case text(String)
    case message([Entry])

    struct Entry: Equatable {
        var number: Int
        var value: Wanted
    }

    static func random(_ random: inout SeededRandom, depth: Int) -> Wanted {
        switch random.below(depth > 0 ? 7 : 6) {
        case 0: .unsigned(random.wide())
        case 1: .signed(Int64(bitPattern: random.wide()))
        case 2: .bool(random.oneIn(2))
        case 3: .double(random.wide())
        case 4: .data(random.bytes(random.below(200)))
        case 5: .text(random.text(upTo: 60))
        default: .message(entries(&random, depth: depth - 1))
        }
    }

    static func entries(_ random: inout SeededRandom, depth: Int) -> [Entry] {
        (0..<random.below(8)).map { _ in
            let number = random.oneIn(3) ? 1 + random.below(1 << 29 - 1) : 1 + random.below(40)
            return Entry(number: number, value: Self.random(&random, depth: depth))
        }
    }

    static func write(_ entries: [Entry]) -> ProtoWriter {
        var writer = ProtoWriter()
        for entry in entries {
            switch entry.value {
            case .unsigned(let value): writer.unsigned(entry.number, value)
            case .signed(let value): writer.signed(entry.number, value)
            case .bool(let value): writer.bool(entry.number, value)
            case .double(let value): writer.double(entry.number, Double(bitPattern: value))
            case .data(let value): writer.data(entry.number, value)
            case .text(let value): writer.string(entry.number, value)
            case .message(let inner): writer.message(entry.number, write(inner))
            }
        }
        return writer
    }

    /// Reads fields as the kinds that `like` has.
    static func read(_ message: ProtoReader, like: [Entry]) throws -> [Entry] {
        var reader = message
        var found: [Entry] = []
        while let field = try reader.next() {
            guard found.count < like.count else { throw Broken("a field too many") }
            let value: Wanted
            switch like[found.count].value {
            case .unsigned: value = .unsigned(try reader.unsigned(field))
            case .signed: value = .signed(try reader.signed(field))
            case .bool: value = .bool(try reader.bool(field))
            case .double: value = .double(try reader.double(field).bitPattern)
            case .data: value = .data(try reader.data(field, upTo: 200))
            case .text: value = .text(try reader.string(field, upTo: 200))
            case .message(let inner):
                value = .message(try read(try reader.message(field), like: inner))
            }
            found.append(Entry(number: field.number, value: value))
        }
        return found
    }
}

/// Reads every field in every way: whatever is thrown, nothing may trap.
private func exhaust(_ message: ProtoReader, depth: Int = 0) throws(WireFault) -> Int {
    var reader = message
    var count = 0
    while let field = try reader.next() {
        count += 1
        _ = try? reader.unsigned(field)
        _ = try? reader.signed(field)
        _ = try? reader.bool(field)
        _ = try? reader.int(field, upTo: 100)
        _ = try? reader.double(field)
        _ = try? reader.finite(field)
        _ = try? reader.data(field, upTo: 64)
        _ = try? reader.data(field, exactly: 16)
        _ = try? reader.string(field, upTo: 64)
        if depth < 4, let inner = try? reader.message(field) {
            _ = try? exhaust(inner, depth: depth + 1)
        }
    }
    return count
}

@Suite struct ProtoTests {
    @Test func whatIsWrittenComesBack() throws {
        try forSeeds(5000) { random in
            let entries = Wanted.entries(&random, depth: 3)
            let found = try Wanted.read(ProtoReader(Wanted.write(entries).bytes), like: entries)
            try hold(found == entries, "\(entries) came back as \(found)")
        }
    }

    @Test func arbitraryBytesNeverTrap() throws {
        try forSeeds(50_000) { random in
            var bytes = random.bytes(random.below(80))
            // Small bytes make plausible tags and lengths.
            if random.oneIn(2) { bytes = bytes.map { $0 & 0x1f } }
            _ = try? exhaust(ProtoReader(bytes))
        }
    }

    @Test func everyTruncationIsNoticedOrEndsBetweenFields() throws {
        try forSeeds(300) { random in
            let entries = Wanted.entries(&random, depth: 2)
            let bytes = Wanted.write(entries).bytes
            var whole = 0
            for length in 0..<bytes.count {
                let outcome = Result<Int, WireFault> { () throws(WireFault) in
                    try exhaust(ProtoReader(Array(bytes[..<length])))
                }
                switch outcome {
                case .success(let count):
                    try hold(count < entries.count, "cut at \(length), yet all fields were there")
                    whole += 1
                case .failure(let fault):
                    try hold(fault == .truncated, "cut at \(length): \(fault)")
                }
            }
            // Only the cuts between fields (and the empty message) go unnoticed.
            try hold(whole == entries.count, "\(whole) of \(entries.count) cuts were between fields")
        }
    }

    @Test func numbersHaveTheirPublishedBytes() {
        // https://protobuf.dev/programming-guides/encoding/: 150, "testing", and zigzag's table.
        var writer = ProtoWriter()
        writer.unsigned(1, UInt64(150))
        #expect(writer.bytes == [0x08, 0x96, 0x01])
        writer = ProtoWriter()
        writer.string(2, "testing")
        #expect(writer.bytes == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])
        for (value, zigzag) in [(Int64(0), 0), (-1, 1), (1, 2), (-2, 3)] {
            writer = ProtoWriter()
            writer.signed(1, value)
            #expect(writer.bytes == [0x08, UInt8(zigzag)])
        }
        writer = ProtoWriter()
        writer.signed(1, .min)
        #expect(writer.bytes == [0x08] + [UInt8](repeating: 0xff, count: 9) + [0x01])
        writer = ProtoWriter()
        writer.double(1, 1)
        #expect(writer.bytes == [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
        // A negative count has no bytes of its own: it is written as none.
        writer = ProtoWriter()
        writer.unsigned(1, Int(-3))
        #expect(writer.bytes == [0x08, 0])
    }

    @Test(arguments: [
        ([0x08], WireFault.truncated),
        ([0x08, 0x80], .truncated),
        ([0x08] + [UInt8](repeating: 0x80, count: 10), .badVarint),
        ([0x08] + [UInt8](repeating: 0xff, count: 9) + [0x02], .badVarint),
        ([0x00, 0x01], .badTag),
        ([0x0b], .badTag), ([0x0c], .badTag), ([0x0e], .badTag), ([0x0f], .badTag),
        // Field 2^29.
        ([0x80, 0x80, 0x80, 0x80, 0x10, 0x00], .badTag),
        ([0x09, 1, 2, 3, 4, 5, 6, 7], .truncated),
        ([0x0d, 1, 2, 3], .truncated),
        ([0x0a, 0x02, 0x61], .truncated),
        // A length of 2^64 − 1.
        ([0x0a] + [UInt8](repeating: 0xff, count: 9) + [0x01], .truncated),
    ])
    func badBytesAreRefused(_ bytes: [UInt8], _ fault: WireFault) {
        #expect(throws: fault) { try exhaust(ProtoReader(bytes)) }
    }

    @Test func unknownFieldsOfEveryTypeAreSkipped() throws {
        var reader = ProtoReader([0x0d, 1, 2, 3, 4, 0x11] + [UInt8](repeating: 0, count: 8) + [0x18, 7])
        var numbers: [Int] = []
        while let field = try reader.next() { numbers.append(field.number) }
        #expect(numbers == [1, 2, 3])
    }

    @Test func typesAndLimitsAreChecked() throws {
        var writer = ProtoWriter()
        writer.unsigned(1, UInt64(5))
        writer.data(2, [1, 2, 3])
        writer.double(3, .nan)
        var reader = ProtoReader(writer.bytes)
        let number = try #require(try reader.next())
        let data = try #require(try reader.next())
        let real = try #require(try reader.next())
        #expect(throws: WireFault.wrongType(field: 1)) { try reader.data(number, upTo: 9) }
        #expect(throws: WireFault.wrongType(field: 1)) { try reader.double(number) }
        #expect(throws: WireFault.wrongType(field: 1)) { try reader.message(number) }
        #expect(throws: WireFault.outOfRange(field: 1)) { try reader.int(number, upTo: 4) }
        #expect(try reader.int(number, upTo: 5) == 5)
        #expect(throws: WireFault.wrongType(field: 2)) { try reader.unsigned(data) }
        #expect(throws: WireFault.tooLong(field: 2, limit: 2)) { try reader.data(data, upTo: 2) }
        #expect(throws: WireFault.outOfRange(field: 2)) { try reader.data(data, exactly: 4) }
        #expect(throws: WireFault.tooLong(field: 2, limit: 2)) { try reader.data(data, exactly: 2) }
        #expect(try reader.data(data, exactly: 3) == [1, 2, 3])
        #expect(throws: WireFault.outOfRange(field: 3)) { try reader.finite(real) }
        #expect(try reader.double(real).isNaN)
    }

    /// An inner message ends where its field does, whatever follows.
    @Test func anInnerMessageCannotReadBeyondItself() throws {
        // Field 1, 2 bytes long: field 1 claims 3 bytes; then more bytes of the outer message.
        var reader = ProtoReader([0x0a, 0x02, 0x0a, 0x03, 0x61, 0x62, 0x63])
        let field = try #require(try reader.next())
        var inner = try reader.message(field)
        #expect(throws: WireFault.truncated) { try inner.next() }
    }

    @Test func textCannotSteerATerminal() throws {
        func read(_ bytes: [UInt8]) throws -> String {
            var writer = ProtoWriter()
            writer.data(1, bytes)
            var reader = ProtoReader(writer.bytes)
            let field = try #require(try reader.next())
            return try reader.string(field, upTo: 64)
        }
        #expect(try read([0x1b, 0x5b, 0x33, 0x31, 0x6d]) == " [31m")
        #expect(try read([0x61, 0x00, 0x0a, 0x7f, 0x62]) == "a   b")
        // U+009B, CSI in one character, also behind a head that lacks its tail.
        #expect(try read([0xc2, 0x9b, 0x33, 0x31, 0x6d]) == "  31m")
        #expect(try read([0xe2, 0xc2, 0x9b, 0x41]) == "\u{fffd}  A")
        #expect(try read(Array("é°\u{a0}".utf8)) == "é°\u{a0}")
        #expect(try read([0x61, 0xff, 0x62]) == "a\u{fffd}b")
        try forSeeds(20_000) { random in
            let text = try read(random.bytes(random.below(20)))
            try hold(
                text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
                "\(text.unicodeScalars.map(\.value))")
        }
    }

    @Test func everyFaultHasAText() {
        let faults: [WireFault] = [
            .truncated, .badVarint, .badTag, .wrongType(field: 1), .tooLong(field: 2, limit: 3),
            .missing(field: 4), .outOfRange(field: 5),
        ]
        #expect(Set(faults.map(\.text)).count == faults.count)
    }
}
