// The trials' own instruments, and the figures they stand for at a tenth of the bench's length.

import Chamber
import Testing

@testable import ChamberTrials
@testable import Simulation

@Suite struct ChamberTrialTests {
    private func run(
        _ board: HeatBoard = .zero2W, _ ambient: Ambient = .hot, seconds: Double = 1200,
        seed: UInt64 = 5, hasFirmware: Bool = true
    ) -> HeatRun {
        HeatRun(board, ambient, durationS: seconds, seed: seed, hasFirmware: hasFirmware)
    }

    @Test func workIsCoresTimesFrequencyTimesTime() {
        let free = Trial.uncontrolled(run(seconds: 100, hasFirmware: false))
        #expect(abs(free.work - 4 * 1.0 * 100) < 1e-6)
        #expect(abs(free.workShare - 1) < 1e-9)
        let pi = Trial.uncontrolled(run(.pi4, seconds: 100, hasFirmware: false))
        #expect(abs(pi.work - 4 * 1.8 * 100) < 1e-6)
    }

    @Test func heatByStepRisesFasterThanWork() {
        for board in [HeatBoard.zero2W, .pi4] {
            for step in 1..<board.stepsGHz.count {
                #expect(board.heat(step: step) > board.heat(step: step - 1))
                #expect(
                    board.heat(step: step) / board.stepsGHz[step]
                        > board.heat(step: step - 1) / board.stepsGHz[step - 1])
            }
            #expect(board.heat(step: board.stepsGHz.count - 1) == 1)
            #expect(board.bestWork(heat: 1) == 1)
            #expect(board.bestWork(heat: 0) == 0)
        }
    }

    @Test func atTheFittedAmbientNeitherBoardReachesTheLimit() {
        for board in [HeatBoard.zero2W, .pi4] {
            let cool = Ambient(name: "27", fromC: 27, toC: 27)
            #expect(Trial.uncontrolled(run(board, cool, hasFirmware: false)).secondsAbove == 0)
            #expect(Trial.uncontrolled(run(board, .hot, hasFirmware: false)).secondsAbove > 600)
        }
    }

    @Test func theBestScheduleIsWithinItsBoundAndCloseToIt() {
        for board in [HeatBoard.zero2W, .pi4] {
            for ambient in [Ambient.hot, .ramp] {
                let best = BestSchedule.ride(run(board, ambient, hasFirmware: false))
                let bound = BestSchedule.bound(board, ambient, durationS: 1200)
                #expect(best.secondsAbove == 0)
                // The bound's blocks of 5 s and the schedule's ticks differ in the fourth digit.
                #expect(best.workShare <= bound + 0.0005)
                #expect(best.workShare >= bound - 0.01)
            }
        }
    }

    @Test(arguments: [HeatBoard.zero2W, .pi4], [Ambient.hot, .ramp])
    func theChamberHoldsTheLimitAndWastesLittle(board: HeatBoard, ambient: Ambient) {
        let seconds = 2400.0
        let free = Trial.uncontrolled(run(board, ambient, seconds: seconds, hasFirmware: false))
        let best = BestSchedule.ride(run(board, ambient, seconds: seconds, hasFirmware: false))
        let ours = Trial.chamber(
            run(board, ambient, seconds: seconds), intervalS: 1, scalesFrequency: true)
        #expect(free.secondsAbove > 400)
        #expect(ours.secondsAbove <= 0.01 * free.secondsAbove)
        #expect(ours.workShare >= 0.95 * best.workShare)
        // Slower decisions and a coarser hand do less, but keep most of it.
        let slow = Trial.chamber(
            run(board, ambient, seconds: seconds), intervalS: 10, scalesFrequency: false)
        #expect(slow.workShare < ours.workShare)
    }

    /// The default: a decision each ten seconds. Seeds and an ambient that nothing was tuned by.
    @Test(arguments: [HeatBoard.zero2W, .pi4])
    func readingsBetweenDecisionsHoldTheLimitAtTenSeconds(board: HeatBoard) {
        let ambient = Ambient(name: "30→46", fromC: 30, toC: 46)
        let free = Trial.uncontrolled(run(board, ambient, seconds: 3600, hasFirmware: false))
        let best = BestSchedule.ride(run(board, ambient, seconds: 3600, hasFirmware: false))
        for seed in [71, 72, 73] as [UInt64] {
            for byFrequency in [true, false] {
                let ours = Trial.chamber(
                    run(board, ambient, seconds: 3600, seed: seed), intervalS: 10, stepS: 2,
                    scalesFrequency: byFrequency)
                #expect(ours.secondsAbove <= 0.01 * free.secondsAbove)
                #expect(ours.workShare >= 0.9 * best.workShare)
            }
        }
    }

    @Test func coreTimeAloneCanDoLessThanFrequency() {
        for board in [HeatBoard.zero2W, .pi4] {
            let run = run(board, .hot, hasFirmware: false)
            let byTime = BestSchedule.ride(run, byTime: true)
            #expect(byTime.secondsAbove == 0)
            #expect(byTime.workShare < BestSchedule.ride(run).workShare)
        }
    }

    @Test func aCycleTrialDecidesAndEndsWhereItBegan() {
        var trial = CycleTrial()
        trial.run(cycles: 64)
        var again = CycleTrial()
        again.run(cycles: 40)
        again.run(cycles: 24)
        #expect(trial.sum == again.sum)
        #expect(trial.sum > 6)
        var stepped = CycleTrial(steps: 4)
        stepped.run(cycles: 64)
        #expect(stepped.sum != trial.sum)
    }

    @Test func aHotterTripMeansMoreWorkAndMoreTimeAbove() {
        let low = Trial.stepWise(run(), StepWise(tripC: 75))
        let high = Trial.stepWise(run(), StepWise(tripC: 80.5))
        #expect(high.workShare > low.workShare)
        #expect(high.secondsAbove > low.secondsAbove)
        let allocator = { (control: Double) in
            Trial.powerAllocator(
                run(),
                PowerAllocator(
                    controlC: control, sustainable: 0.6, over: 0.1, under: 0.1, integral: 0.001))
        }
        #expect(allocator(80).workShare > allocator(75).workShare)
    }

    @Test(arguments: [HeatBoard.zero2W, .pi4])
    func secondsToEightyAreForetold(board: HeatBoard) {
        let result = PredictionTrial.run(
            board, count: 60, ambientC: 40...50, intervalS: 1, seed: 21)
        #expect(result.trials == 60)
        #expect(result.withinFifth >= 0.85)
        // Asked each ten seconds, with readings in between: as good.
        let stepped = PredictionTrial.run(
            board, count: 60, ambientC: 40...50, intervalS: 10, stepS: 2, seed: 21)
        #expect(stepped.withinFifth >= 0.85)
        // Fewer readings, less knowledge.
        let sparse = PredictionTrial.run(
            board, count: 60, ambientC: 40...50, intervalS: 15, seed: 21)
        #expect(sparse.withinFifth < result.withinFifth)
    }

    @Test(arguments: [(1, 1024), (4, 256), (16, 128)])
    func regretStaysWithinTheBoundOfFixedShare(segments: Int, rounds: Int) {
        for seed in 1...5 as ClosedRange<UInt64> {
            for lead in [0.05, 0.3] {
                let result = RegretTrial.run(
                    segments: segments, roundsEach: rounds, lead: lead, seed: seed)
                #expect(result.regret <= result.bound)
                #expect(result.regret > 0)
                #expect(result.learner < result.uniform)
            }
        }
        // Tracking beats the best expert of the whole stream where experts change.
        let changing = RegretTrial.run(segments: 4, roundsEach: 512, lead: 0.3, seed: 2)
        #expect(changing.learner < changing.bestFixed)
    }

    @Test func aRecordedLogIsForetoldToo() throws {
        var plant = ThermalPlant(.pi4Bare)
        var random = SeededRandom(seed: 9)
        var text = "time_s,temperature_c,busy_share,frequency_khz,frequency_max_khz\n"
        for second in 0..<1800 {
            let busy = [0.1, 0.9, 0.4, 1, 0, 0.7][second / 50 % 6]
            plant.step(seconds: 1, load: busy)
            // Every hundredth reading is missing.
            let shown = second % 100 == 99 ? "" : "\(Double(plant.sensorMilliC(&random)) / 1000)"
            text += "\(second),\(shown),\(busy),1800000,1800000\n"
        }
        let rows = try ThermalLog.rows(Array(text.utf8))
        #expect(rows.count == 1800)
        #expect(rows[99].temperatureC == nil)
        let result = ThermalLog.run(rows)
        #expect(result.errorsC.count >= 20)
        #expect(try #require(result.meanErrorC) < 0.8)
        // The same readings with the load mixed up are foretold worse.
        var wrong = rows
        for index in wrong.indices { wrong[index].load = rows[(index + 777) % rows.count].load }
        #expect(try #require(ThermalLog.run(wrong).meanErrorC) > 2 * (try #require(result.meanErrorC)))
    }

    @Test(arguments: [
        ("", 1), ("time_s,load\n1,2\n", 1), ("time_s,temperature_c,load\n1,x,2\n", 2),
        ("time_s,temperature_c,load\n1,40,1\n2,40,\n", 3), ("time_s,temperature_c,load\n,40,1\n", 2),
    ])
    func badLogsAreRefusedByLine(text: String, line: Int) {
        #expect(throws: ThermalLogError.self) { try ThermalLog.rows(Array(text.utf8)) }
        do throws(ThermalLogError) {
            _ = try ThermalLog.rows(Array(text.utf8))
        } catch {
            #expect(error.line == line)
        }
    }
}
