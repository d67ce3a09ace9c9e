import Testing

@testable import Simulation

@Suite struct PlantTests {
    static let profiles: [(ThermalProfile, Double)] = [
        (.zero2WBare, 72.0), (.zero2WHeatsink, 58.7), (.pi4Bare, 72.1), (.pi4Heatsink, 67.4),
    ]

    @Test(arguments: profiles)
    func fullLoadEndsAtThePublishedTemperature(profile: ThermalProfile, endC: Double) {
        var plant = ThermalPlant(profile)
        #expect(plant.temperatureC == profile.idleC)
        for _ in 0..<10_000 { plant.step(seconds: 1, load: 1) }
        #expect(abs(plant.temperatureC - endC) < 0.11)
        for _ in 0..<10_000 { plant.step(seconds: 1, load: 0) }
        #expect(abs(plant.temperatureC - profile.idleC) < 0.01)
    }

    @Test func theLengthOfAStepDoesNotChangeTheCourse() {
        var fine = ThermalPlant(.pi4Bare)
        var coarse = ThermalPlant(.pi4Bare)
        for _ in 0..<600 { fine.step(seconds: 0.1, load: 0.7) }
        coarse.step(seconds: 60, load: 0.7)
        #expect(abs(fine.temperatureC - coarse.temperatureC) < 1e-6)
    }

    @Test func twoPolesInTheirTime() {
        var plant = ThermalPlant(.zero2WBare)
        plant.step(seconds: 2.4, load: 1)
        let expected = 38.4 + 8.7 * 0.632_12 + 24.9 * 0.018_87
        #expect(abs(plant.temperatureC - expected) < 0.01)
    }

    @Test func theSensorIsNoisyInSteps() {
        let plant = ThermalPlant(.pi4Bare)
        var random = SeededRandom(seed: 5)
        let values = (0..<2000).map { _ in plant.sensorMilliC(&random) }
        let mean = Double(values.reduce(0, +)) / 2000
        #expect(abs(mean - 46_700) < 50)
        #expect(Set(values).count > 2)
        #expect(values.allSatisfy { $0 > 44_000 && $0 < 49_400 })
    }

    @Test func splitMixIsTheReference() {
        // First outputs of the reference implementation for the seed 1234567.
        var random = SeededRandom(seed: 1_234_567)
        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
    }
}

@Suite struct BoardTests {
    private func board(_ model: BoardModel = .zero2W, seed: UInt64 = 3, ambientC: Double = 0) -> SimulatedBoard {
        SimulatedBoard(model, seed: seed, ambientOffsetC: ambientC)
    }

    @Test func aSeedDecidesEverything() {
        var a = board()
        var b = board()
        for _ in 0..<500 {
            a.step(seconds: 1, limits: BoardLimits())
            b.step(seconds: 1, limits: BoardLimits())
        }
        #expect(a.serial == b.serial)
        #expect(a.sensorMilliC() == b.sensorMilliC())
        #expect(a.memoryAvailableKB == b.memoryAvailableKB)
        #expect(board(seed: 4).serial != a.serial)
    }

    @Test func everythingMovesAndStaysPlausible() {
        var board = board()
        var temperatures: Set<Int> = []
        var available: Set<Int> = []
        var frequencies: Set<Int> = []
        for _ in 0..<2000 {
            board.step(seconds: 1, limits: BoardLimits())
            temperatures.insert(board.sensorMilliC() / 1000)
            available.insert(board.memoryAvailableKB >> 10)
            frequencies.insert(board.frequencyKHz)
            #expect((0...Double(board.model.cores)).contains(board.coresUsed))
            #expect((1...board.model.memoryTotalKB).contains(board.memoryAvailableKB))
            #expect((0...100).contains(board.cpuStall.percent))
            #expect((0...100).contains(board.memoryStall.percent))
        }
        #expect(temperatures.count > 10)
        #expect(available.count > 30)
        #expect(frequencies == [600_000, 1_000_000])
    }

    @Test func lessCPUTimeMeansLessHeatAndMoreStall() {
        var free = board()
        var held = board()
        var hottest = (free: 0.0, held: 0.0)
        for _ in 0..<1200 {
            free.step(seconds: 1, limits: BoardLimits())
            held.step(seconds: 1, limits: BoardLimits(cores: 1))
            hottest.free = max(hottest.free, free.plant.temperatureC)
            hottest.held = max(hottest.held, held.plant.temperatureC)
        }
        #expect(hottest.held < hottest.free - 5)
        #expect(held.cpuStall.totalMicros > 0)
        #expect(free.cpuStall.totalMicros == 0)
    }

    @Test func aMemoryLimitHoldsTheWorkload() {
        var board = board()
        let limit = board.memoryTotalBytes / 4
        for _ in 0..<600 {
            board.step(seconds: 1, limits: BoardLimits(memoryBytes: limit))
            #expect(board.workloadBytes <= limit)
        }
        #expect(board.memoryStall.totalMicros > 0)
    }

    @Test func aHotBoardThrottlesAndRemembers() {
        var board = board(ambientC: 30)
        var wasThrottled = false
        for _ in 0..<3000 {
            board.step(seconds: 1, limits: BoardLimits())
            if board.throttledBits & 0xf != 0 {
                wasThrottled = true
                #expect(board.frequencyKHz <= 600_000)
            }
        }
        #expect(wasThrottled)
        #expect(board.throttledBits >> 16 == 0xe)
    }
}
