import CoreTesting
import Digest
import Model
import Testing

@Suite struct SampleTests {
    private func sample(_ zones: [Int?], _ hwmon: [(HwmonKind, Double?)] = []) -> Sample {
        var sample = Sample(instant: Instant(monotonicMs: 0, wallMs: 0, isSynced: false))
        sample.zones = zones.map { ThermalReading(name: "z", temperatureMilliC: $0) }
        sample.hwmon = hwmon.map { HwmonReading(chip: "c", label: "l", kind: $0.0, value: $0.1) }
        return sample
    }

    @Test func theHottestZoneCounts() {
        #expect(sample([]).temperatureMilliC == nil)
        #expect(sample([nil, nil]).temperatureMilliC == nil)
        #expect(sample([41_000, nil, 52_500, -3]).temperatureMilliC == 52_500)
        #expect(sample([-5_000]).temperatureMilliC == -5_000)
        // hwmon only where no zone spoke, and only its temperatures.
        #expect(sample([40_000], [(.temperature, 90)]).temperatureMilliC == 40_000)
        #expect(
            sample([nil], [(.fan, 3000), (.temperature, 41.25), (.temperature, nil), (.temperature, 40)])
                .temperatureMilliC == 41_250)
    }

    @Test func absurdReadingsDoNotTrap() {
        for value in [1e300, -1e300, .infinity, -.infinity, .nan, Double(Int.max)] {
            #expect(sample([], [(.temperature, value)]).temperatureMilliC == nil)
            #expect(sample([], [(.temperature, value), (.temperature, 20)]).temperatureMilliC == 20_000)
        }
        #expect(sample([.max, .min]).temperatureMilliC == .max)
    }

    @Test func shares() {
        func memory(_ total: UInt64, _ available: UInt64) -> Double {
            MemoryReading(
                totalBytes: total, availableBytes: available, swapTotalBytes: 0, swapFreeBytes: 0
            ).availableShare
        }
        #expect(memory(0, 5) == 0)
        #expect(memory(100, 25) == 0.25)
        #expect(memory(100, 200) == 1)
        #expect(SensorHealth(known: 0, healthy: 0, failuresTotal: 0).share == 0)
        #expect(SensorHealth(known: 4, healthy: 3, failuresTotal: 9).share == 0.75)
    }

    @Test func throttlingIsMoreThanUnderVoltage() {
        for bits in UInt8(0)..<16 {
            let reading = ThrottleReading(now: bits, latched: 15, source: .firmware)
            #expect(reading.isThrottling == (bits & 14 != 0))
        }
    }

    @Test func decisionsAndTheirParts() {
        var decision = Decision()
        #expect(decision.state == .superposed && decision.factor == 1 && !decision.isApplicable)
        #expect(decision.votes.count == Expert.allCases.count)
        for expert in Expert.allCases {
            decision[expert] = Vote(exponent: Double(expert.rawValue), weight: 1, factor: 1)
        }
        #expect(decision.votes.map(\.exponent) == [0, 1, 2, 3])
        #expect(
            Confidence(signalQuality: 0.5, agreement: 0.5, predictorQuality: 0.5).value == 0.125)
        #expect(Triggers([]).names == [])
        #expect(Triggers(rawValue: 127).names.count == 7)
        #expect(Set(Triggers(rawValue: .max).names).count == 7)
        #expect(Triggers([.thermalMirror, .safetyOverride]).names == ["thermal-mirror", "safety-override"])
    }

    @Test func chainsBeginWithDeviceAndBoot() {
        let one = DeviceID(high: 1, low: 1)
        let head = Report.firstHead(of: one, boot: 1)
        #expect(head == Report.firstHead(of: one, boot: 1))
        #expect(head != Report.firstHead(of: one, boot: 2))
        #expect(head != Report.firstHead(of: DeviceID(high: 1, low: 2), boot: 1))
        #expect(
            head == Digest.sha256(Array("phi-chain-1\000000000000000010000000000000001\01".utf8)))
    }

    @Test func limitsFitOneAnother() {
        #expect(Report.chunkBytesMax < Report.byteCountMax)
        #expect(Envelope.byteCountMax < Report.byteCountMax)
    }
}
