// The circuit metrics: the first source's table, and that each moves with what it measures.

import Circuit
import Testing

@Suite struct MetricsTests {
    /// A figure as printed stands for the interval that rounds, or is cut, to it.
    private func agrees(_ value: Double, _ printed: Double) -> Bool {
        value >= printed - 0.0005 - 1e-9 && value <= printed + 0.001 + 1e-9
    }

    @Test(arguments: [
        (0.760, 1.229, 1.230), (0.039, 0.062, 0.063), (0.028, 0.045, 0.045),
        (0.688, 1.113, 1.113), (0.491, 0.794, 0.794),
    ])
    func theSourcesTable(_ utilisation: Double, _ low: Double, _ high: Double) {
        let raw = CircuitMetrics.optimisedRaw(utilisation)
        #expect(raw >= low - 0.0005 && raw <= high + 0.0005)
        #expect(CircuitMetrics.optimised(utilisation) == min(1, raw))
    }

    @Test func meanResonanceEfficiencyHarmonyOfTheSource() throws {
        let use = ResourceUse(cpuTime: 0.039, tasks: 0.028, memory: 0.688, vector: 0.491)
        #expect(agrees(try #require(use.utilisation), 0.311))
        let efficiency = CircuitMetrics.scalingEfficiency(resonance: 0.961)
        #expect(agrees(efficiency, 1.555))
        let harmony = CircuitMetrics.harmony(resonance: 0.961)
        #expect(harmony >= 1.4935 && harmony <= 1.4955)
    }

    @Test func resonancePeaksAtTheTarget() {
        #expect(CircuitMetrics.resonance(utilisation: 0.6180339887498949) == 1)
        #expect(CircuitMetrics.resonance(utilisation: 0) == 0)
        var last = 0.0
        for step in 1...6 {
            let resonance = CircuitMetrics.resonance(utilisation: Double(step) / 10)
            #expect(resonance > last)
            last = resonance
        }
        #expect(CircuitMetrics.resonance(utilisation: 0.9) < CircuitMetrics.resonance(utilisation: 0.7))
        #expect(CircuitMetrics.harmony(resonance: 0.9) > CircuitMetrics.harmony(resonance: 0.8))
        #expect(
            CircuitMetrics.scalingEfficiency(resonance: 0.9)
                > CircuitMetrics.scalingEfficiency(resonance: 0.8))
    }

    static func reading(
        busy: Int = 100, idle: Int = 900, tasks: Int = 50, available: Int = 600
    ) -> ResourceReading {
        ResourceReading(
            stat: Array("cpu  \(busy) 0 0 \(idle) 0 0 0 0 0 0\ncpu0 1 2 3 4\n".utf8),
            loadavg: Array("0.20 0.18 0.12 1/\(tasks) 11206\n".utf8), threadsMax: Array("1000\n".utf8),
            meminfo: Array("MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: \(available) kB\n".utf8))
    }

    @Test func eachResourceMovesItsShare() throws {
        let start = Self.reading()
        let use = start.use(until: Self.reading(busy: 160, idle: 940))
        #expect(use.cpuTime == 0.6)
        #expect(use.tasks == 0.05)
        #expect(abs((use.memory ?? 0) - 0.4) < 1e-12)
        #expect(use.vector == nil)
        #expect(abs((use.utilisation ?? 0) - (0.6 + 0.05 + 0.4) / 3) < 1e-12)

        #expect(start.use(until: Self.reading(busy: 190, idle: 910)).cpuTime == 0.9)
        #expect(start.use(until: Self.reading(busy: 160, idle: 940, tasks: 80)).tasks == 0.08)
        let fuller = start.use(until: Self.reading(busy: 160, idle: 940, available: 300))
        #expect((fuller.memory ?? 0) > 0.69)
        #expect((fuller.utilisation ?? 0) > (use.utilisation ?? 1))

        var before = start
        var after = Self.reading(busy: 160, idle: 940)
        let heading = "queue\ttimestamp\tjobs\truntime\n"
        before.readV3D(Array("\(heading)bin\t100\t5\t10\nrender\t100\t5\t20\n".utf8))
        after.readV3D(Array("\(heading)bin\t200\t6\t35\nrender\t200\t6\t30\nodd\n".utf8))
        #expect(before.use(until: after).vector == 0.25)
        #expect((before.use(until: after).utilisation ?? 1) < (use.utilisation ?? 0))
    }

    @Test func whatCannotBeReadIsAbsent() {
        let none = ResourceReading(stat: [], loadavg: [], threadsMax: [], meminfo: [])
        let use = none.use(until: none)
        #expect(use == ResourceUse())
        #expect(use.utilisation == nil)
        let strange = ResourceReading(
            stat: Array("cpu x y".utf8), loadavg: Array("1 2 3 4/".utf8),
            threadsMax: Array("0".utf8), meminfo: Array("MemTotal: 0 kB\nMemAvailable:\n".utf8))
        #expect(strange.use(until: strange) == ResourceUse())
        // A counter that stood still or went back says nothing.
        #expect(Self.reading().use(until: Self.reading()).cpuTime == nil)
    }

    @Test func energyIsThereOnlyWithASensor() {
        var before = Self.reading()
        var after = before
        #expect(before.energyJoules(until: after) == nil)
        before.energyMicroJ = 1_000_000
        after.energyMicroJ = 3_500_000
        #expect(before.energyJoules(until: after) == 2.5)
        #expect(after.energyJoules(until: before) == nil)
        (before.energyMicroJ, after.energyMicroJ) = (nil, nil)
        (before.powerMicroW, after.powerMicroW) = (2_000_000, 4_000_000)
        #expect(before.energyJoules(until: after) == nil)
        after.timeNs = 500_000_000
        #expect(before.energyJoules(until: after) == 1.5)
        after.powerMicroW = 6_000_000
        #expect(before.energyJoules(until: after) == 2)
        var report = SelfTestReport(settings: TrialSettings())
        report.operations = 100
        #expect(report.opsPerJoule == nil)
        report.energyJoules = 2.5
        #expect(report.opsPerJoule == 40)
        report.energyJoules = 5
        #expect(report.opsPerJoule == 20)
    }
}
