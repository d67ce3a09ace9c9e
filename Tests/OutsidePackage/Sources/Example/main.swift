import PhiChamber

// This machine, or one described: AutoScaler(hardware: HardwareRecord(…)).
guard var scaler = AutoScaler.detected() else { fatalError("/proc/meminfo can't be read") }

let decision = scaler.computeScaling(
    entropy: 0.5,  // of market or workload
    thermal: 0.3,  // 0 idle, 1 at the soft limit; nil reads the sensor
    value: 0.8)  // potential profit

// Writes to a cgroup where one was named; here there is none, and it is advice alone.
if decision.confidence.value > 0.7 { scaler.apply(decision) }

print("state \(scaler.status.stateName)")
print("coherence \(scaler.status.coherenceScore)")
print("factor \(scaler.status.factor), memory × \(decision.memoryAdjustment)")
print("bits \(decision.bitDepth.rawValue), because of \(decision.triggers.names)")
