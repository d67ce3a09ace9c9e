// How amplitudes are held: formats, block scaling, and what a register really takes.

import Bytes
import Foundation
import Precision
import Testing

@testable import Circuit

@Suite struct StorageTests {
    /// Tiles with magnitudes from 1 down to 1e-12, zeros and both signs.
    private func tile(_ random: inout ShotRandom, _ body: (Tile) -> Void) {
        let memory = UnsafeMutablePointer<Double>.allocate(capacity: 64)
        defer { memory.deallocate() }
        for index in 0..<32 {
            let scale = [1, 1e-3, 1e-12, 0][Int(random.next() % 4)]
            let value = DoubleDouble.sum(
                (random.unit() - 0.5) * scale, (random.unit() - 0.5) * scale * 0x1p-54)
            memory[index] = value.high
            memory[index + 32] = value.low
        }
        body(Tile(high: memory, low: memory + 32))
    }

    @Test func encodingWhatWasDecodedGivesTheSameBytes() {
        var random = ShotRandom(seed: 1)
        for depth in BitDepth.allCases {
            for _ in 0..<500 {
                tile(&random) { tile in
                    var first = [UInt8](repeating: 0, count: depth.tileBytes)
                    var second = first
                    first.withUnsafeMutableBytes { AmplitudeCodec.store(depth, tile, $0.baseAddress!) }
                    first.withUnsafeBytes { AmplitudeCodec.load(depth, $0.baseAddress!, tile) }
                    second.withUnsafeMutableBytes { AmplitudeCodec.store(depth, tile, $0.baseAddress!) }
                    #expect(first == second)
                }
            }
        }
    }

    @Test func everyNumberIsWithinHalfAStepOfItsBlock() {
        var random = ShotRandom(seed: 2)
        for (depth, steps) in [(BitDepth.bits16, 32767.0), (.bits8, 127.0)] {
            for _ in 0..<500 {
                tile(&random) { tile in
                    let before = (0..<32).map { tile.high[$0] }
                    let largest = before.map(\.magnitude).max() ?? 0
                    var bytes = [UInt8](repeating: 0, count: depth.tileBytes)
                    bytes.withUnsafeMutableBytes { AmplitudeCodec.store(depth, tile, $0.baseAddress!) }
                    bytes.withUnsafeBytes { AmplitudeCodec.load(depth, $0.baseAddress!, tile) }
                    for index in 0..<32 {
                        // The Float32 scale adds a part in 10⁷.
                        #expect(
                            abs(tile.high[index] - before[index])
                                <= largest / steps * 0.5 + largest * 1.2e-7)
                    }
                }
            }
        }
    }

    @Test func bits81IsTheFormatOfThePrecisionModule() throws {
        var random = ShotRandom(seed: 3)
        tile(&random) { tile in
            var bytes = [UInt8](repeating: 0, count: 324)
            bytes.withUnsafeMutableBytes { AmplitudeCodec.store(.bits81, tile, $0.baseAddress!) }
            var sink = ByteSink()
            Bits81Planes.pack(
                (0..<32).map { AmplitudeCodec.join(DoubleDouble(tile.high[$0], tile.low[$0])) },
                into: &sink)
            #expect(sink.bytes == bytes)
        }
    }

    @Test func joiningRoundsTo65BitsTiesToEven() {
        #expect(AmplitudeCodec.join(DoubleDouble(0.75)) == Bits81(0.75))
        #expect(AmplitudeCodec.join(DoubleDouble(-0.1)) == Bits81(-0.1))
        // 1 + 2^-64 is a step; half a step goes to the even neighbour.
        let step = AmplitudeCodec.join(DoubleDouble(1, 0x1p-64))
        #expect(step.fraction == 1 && step.exponent == 32767)
        #expect(AmplitudeCodec.join(DoubleDouble(1, 0x1p-65)).fraction == 0)
        #expect(AmplitudeCodec.join(DoubleDouble(1, 0x1.8p-64)).fraction == 2)
        // Below a power of two the steps are half as wide.
        let below = AmplitudeCodec.join(DoubleDouble(1, -0x1p-65))
        #expect(below.fraction == UInt64.max && below.exponent == 32766)
        #expect(AmplitudeCodec.join(DoubleDouble(1, -0x1p-80)) == Bits81(1.0))
        #expect(AmplitudeCodec.split(step) == DoubleDouble(1, 0x1p-64))
        #expect(AmplitudeCodec.split(below) == DoubleDouble(1, -0x1p-65))
        #expect(AmplitudeCodec.join(.zero).isZero)
        #expect(AmplitudeCodec.join(DoubleDouble(1e-300)).isZero)
    }

    @Test func threeQubitsMoreAt8BitsThanAt81() {
        for budget in [64 << 10, 100_000, 1 << 20, 3_333_333, 16 << 20, 100 << 20, 1 << 30] {
            let most = BitDepth.allCases.map {
                StateVector.largestRegister(budgetBytes: budget, depth: $0)
            }
            #expect(most[3] >= most[0] + 3, "\(budget): \(most)")
            #expect(most[0] <= most[1] && most[1] < most[2] && most[2] < most[3] || budget < 1 << 20)
        }
        let sixteen = BitDepth.allCases.map {
            StateVector.largestRegister(budgetBytes: 16 << 20, depth: $0)
        }
        #expect(sixteen == [19, 19, 21, 22])
        #expect(StateVector.largestRegister(budgetBytes: 1000, depth: .bits8) == 0)
    }

    @Test func theLargestRegisterIsAllocatedAndNoLargerOneFits() throws {
        for depth in BitDepth.allCases {
            for budget in [64 << 10, 300_000] {
                let result = SelfTest.register(depth, budget)
                #expect(result.isProven)
                #expect(result.bytes <= budget)
                #expect(StateVector.byteCount(qubits: result.qubits + 1, depth: depth) > budget)
                let state = try #require(StateVector(qubits: result.qubits, depth: depth))
                #expect(state.storedBytes.count + StateVector.overheadBytes == result.bytes)
            }
        }
        #expect(StateVector(qubits: 0, depth: .bits8) == nil)
        #expect(StateVector(qubits: 31, depth: .bits8) == nil)
    }

    @Test func sinesAreRightFarBeyondADouble() {
        for index in -2000...2000 {
            let angle = Double(index) * 32.7 + 0.1
            let (sine, cosine) = DoubleDouble.sineAndCosine(angle)
            #expect(abs(sine.high - Foundation.sin(angle)) <= 1.2e-16)
            #expect(abs(cosine.high - Foundation.cos(angle)) <= 1.2e-16)
            let one = sine * sine + cosine * cosine - .one
            #expect(abs(one.high) < 1e-30)
        }
        let root = DoubleDouble.inverseRoot(DoubleDouble(2)) - .halfRoot
        #expect(abs(root.high) < 1e-31)
    }
}
