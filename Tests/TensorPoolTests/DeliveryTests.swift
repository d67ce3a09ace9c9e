import Testing

@testable import TensorPool

@Suite struct DeliveryTests {
    static func filled() throws -> TensorPool {
        let pool = try makePool(series: 2)
        for tick in 0..<500 {
            for id: UInt16 in [0, 1] {
                try pool.append(
                    series: id, timeMs: Int64(tick) * 10, value: Double(tick) / 7,
                    score: id == 0 ? 0.9 : 0.5)
            }
        }
        return pool
    }

    @Test func storeAndForwardLosesNothing() throws {
        let pool = try Self.filled()
        var received: [[UInt64: Double]] = [[:], [:]]
        var last = Int64.min
        while pool.undeliveredValues > 0 {
            let batch = try pool.undelivered(maxBytes: 2000)
            #expect(!batch.isEmpty)
            for chunk in batch {
                let (header, times, values) = try decodeChunk(chunk.bytes)
                #expect(header == chunk.header)
                #expect(times.count == header.count && values.count == header.count)
                #expect(header.lastTimeMs >= last)
                last = header.lastTimeMs
                for offset in 0..<header.count {
                    received[Int(header.series)][header.firstIndex + UInt64(offset)] = values[offset]
                }
                #expect(pool.markDelivered(chunk.ref))
            }
        }
        #expect(received[0].count == 384)
        try pool.sealAll()
        for chunk in try pool.undelivered(maxBytes: 1 << 20) {
            let (header, _, values) = try decodeChunk(chunk.bytes)
            for offset in 0..<header.count {
                received[Int(header.series)][header.firstIndex + UInt64(offset)] = values[offset]
            }
        }
        #expect(received[0].count == 500 && received[1].count == 500)
        for index in 0..<500 {
            #expect(received[0][UInt64(index)] == Double(index) / 7)
        }
    }

    @Test func acknowledgementsKeepTheOrder() throws {
        let pool = try Self.filled()
        let chunks = try pool.undelivered(maxBytes: 1 << 20).filter { $0.header.series == 0 }
        #expect(!pool.markDelivered(chunks[1].ref))
        #expect(pool.markDelivered(chunks[0].ref))
        #expect(pool.markDelivered(chunks[0].ref))
        #expect(pool.markDelivered(chunks[1].ref))
        #expect(!pool.markDelivered(ChunkRef(series: 0, firstIndex: 0, count: 100_000)))
        #expect(!pool.markDelivered(ChunkRef(series: 0, firstIndex: .max, count: 2)))
        #expect(!pool.markDelivered(ChunkRef(series: 7, firstIndex: 0, count: 2)))
    }

    @Test func damageIsFound() throws {
        let pool = try Self.filled()
        let chunk = try pool.undelivered(maxBytes: 1)[0]
        for position in chunk.bytes.indices {
            for bit: UInt8 in [0, 5] {
                var damaged = chunk.bytes
                damaged[position] ^= 1 << bit
                #expect(throws: PoolError.self) { try decodeChunk(damaged) }
            }
            #expect(throws: PoolError.self) { try decodeChunk(Array(chunk.bytes[..<position])) }
        }
        #expect(throws: PoolError.self) { try decodeChunk(chunk.bytes + [0]) }
    }

    @Test func arbitraryBytesBehindAValidChecksumAreRefusedOrDecoded() throws {
        let pool = try Self.filled()
        var random = SplitMix(state: 9)
        for chunk in try pool.undelivered(maxBytes: 1 << 20).prefix(4) {
            for _ in 0..<3000 {
                var bytes = Array(chunk.bytes.dropLast(4))
                for _ in 0..<(random.next() % 4 + 1) {
                    bytes[Int(random.next() % UInt64(bytes.count))] =
                        UInt8(truncatingIfNeeded: random.next())
                }
                if random.next() % 4 == 0 {
                    bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
                }
                let crc = bytes.withUnsafeBytes { crc32cForTests($0) }
                for shift: UInt32 in [0, 8, 16, 24] {
                    bytes.append(UInt8(truncatingIfNeeded: crc >> shift))
                }
                if let decoded = try? decodeChunk(bytes) {
                    #expect(decoded.values.count == decoded.header.count)
                }
            }
        }
    }
}
