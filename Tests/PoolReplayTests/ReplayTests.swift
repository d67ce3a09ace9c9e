import Testing

@testable import PoolReplay

@Suite struct ReplayTests {
    /// Three channels that look like a board's: a slow temperature, a noisy rate, a counter.
    static func sample(rows: Int) -> CSVTable {
        var state: UInt64 = 42
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(Int64(bitPattern: state) >> 40) / Double(1 << 23)
        }
        var text = "time,temp,rate,count\n"
        var temperature = 40.0
        for row in 0..<rows {
            temperature += noise() * (row / 2000 % 4 == 0 ? 0.4 : 0.02)
            let temp = Double(Int64(temperature * 100)) / 100
            let rate = Double(Int64(noise() * 500_000)) / 1_000_000
            text += "\(1_600_000_000 + row * 10),\(temp),\(rate),\(row / 7)\n"
        }
        return table(text, pieces: 4096)
    }

    @Test(arguments: [ReplayBound.bits8, .bits16, .exact, .policy, .mixed])
    func everyValueComesBackWithinItsBound(_ bound: ReplayBound) throws {
        var options = ReplayOptions()
        options.budgetBytes = 48 * 1024
        options.bound = bound
        var clock: UInt64 = 0
        var replay = try Replay(Self.sample(rows: 6000), options)
        let report = try replay.run(
            nanoseconds: { clock += 5; return clock }, progress: { _, _ in })
        #expect(report.isExhausted)
        #expect(report.beyondBound == 0)
        #expect(report.highDegraded == 0)
        #expect(report.account.highValueDegraded == 0)
        #expect(report.columns.allSatisfy { $0.wrongTimes == 0 && $0.missing == 0 })
        #expect(report.columns.reduce(0) { $0 + $1.values } == report.values)
        #expect(report.account.heldBytes <= 48 * 1024)
        let factor = report.extensionFactor(bits: 81, withTimes: true)
        #expect(factor == Double(report.values) * 81 / 8 / Double(48 * 1024))
        switch bound {
        case .exact:
            #expect(report.exactShare == 1)
        case .bits8:
            #expect(report.highShare > 0.08 && report.highShare < 0.13)
            #expect(report.columns.allSatisfy { $0.worst8 <= 1 / 509.9 })
        case .bits16:
            #expect(report.columns.allSatisfy { $0.values8 == 0 && $0.worst16 <= 1 / 131069.0 })
        case .mixed, .policy: break
        }
        print("replay \(bound): \(factor)x, exact \(report.exactShare)")
    }

    @Test func endsAfterTheLoopsWhenNothingIsExhausted() throws {
        var options = ReplayOptions()
        options.loopsMax = 2
        var replay = try Replay(Self.sample(rows: 1000), options)
        let report = try replay.run(nanoseconds: { 0 }, progress: { _, _ in })
        #expect(!report.isExhausted)
        #expect(report.loops == 2)
        #expect(report.beyondBound == 0)
    }

    /// A file of fewer rows than a block isn't looped more often than a long one.
    @Test(arguments: [1, 3, 127, 128, 129])
    func noFileIsLoopedMoreThanItMay(_ rows: Int) throws {
        var replay = try Replay(Self.sample(rows: rows), ReplayOptions())
        let report = try replay.run(nanoseconds: { 0 }, progress: { _, _ in })
        #expect(!report.isExhausted)
        #expect(report.loops == 100 && report.rowsAdmitted == 100 * rows)
        #expect(report.beyondBound == 0)
        #expect(report.columns.allSatisfy { $0.wrongTimes == 0 && $0.missing == 0 })
    }

    @Test func aBudgetThatIsTooSmallIsToldWithTheLeast() throws {
        let command = try ReplayCommand(["--budget", "1", "a.csv"].map { Array($0.utf8) })
        var said = ""
        let status = command.run(
            ReplayEffects(
                read: { _, piece in
                    Array("a\n1\n2\n".utf8).withUnsafeBytes { piece($0) }
                    return true
                },
                write: { _, _ in true }, output: { _ in }, error: { said += $0 }, progress: { _ in },
                nanoseconds: { 0 }))
        #expect(status == 2)
        #expect(said.contains("--budget 1: too few bytes") && said.contains("16384 bytes"), "\(said)")
    }

    @Test func aValueColumnAloneIsWhatWasMeasured() {
        let alone = table("timestamp,value\n2015-02-26 21:42:53,2\n2015-02-26 21:47:53,7.5\n", pieces: 9)
        #expect(alone.names == [Array("value".utf8)])
        #expect(alone.columns == [[2, 7.5]])
        #expect(alone.scores.isEmpty)
        let beside = table("timestamp,temp,value\n2015-02-26 21:42:53,2,0.5\n", pieces: 9)
        #expect(beside.names == [Array("temp".utf8)])
        #expect(beside.scores == [0.5])
    }

    @Test func budgetsAreRead() {
        #expect(ReplayOptions.bytes(Array("512KiB".utf8)) == 524288)
        #expect(ReplayOptions.bytes(Array("2M".utf8)) == 2 << 20)
        #expect(ReplayOptions.bytes(Array("65536".utf8)) == 65536)
        #expect(ReplayOptions.bytes(Array("KiB".utf8)) == nil)
        #expect(ReplayOptions.bytes(Array("8589934591GiB".utf8)) == 8_589_934_591 << 30)
        #expect(ReplayOptions.bytes(Array("8589934592GiB".utf8)) == nil)
        #expect(ReplayOptions.bytes(Array("5 parsecs".utf8)) == nil)
    }
}
