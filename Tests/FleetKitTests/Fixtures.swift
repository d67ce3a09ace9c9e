// What a server says of a small fleet: a Pi 4 that is well, a Zero that is hot and has gaps, a silent
// one, one that waits to be let in and never reported.

enum Fixtures {
    static let now = FakeTimepiece.startMs

    static let pi = device(
        id: "3f9a00112233445566778899aabbccdd", model: "Raspberry Pi 4 Model B Rev 1.4",
        labels: #"{"site":"a","rack":"1"}"#, temperature: "54.5", available: 2_900_000_000,
        seenMs: now - 4_000, isLive: true, throttle: #"{"now":false,"latched":false,"source":"sysfs"}"#,
        healthy: 5, version: 4,
        runtime: runtime(extension64: 4.21, extension81: 5.33, basis: "measured", degraded: 0, bound: "0"))

    static let zero = device(
        id: "a0b100112233445566778899aabbccdd", model: "Raspberry Pi Zero 2 W Rev 1.0",
        labels: #"{"site":"b"}"#, temperature: "82.1", available: 30_000_000, seenMs: now - 9_000,
        isLive: true, throttle: #"{"now":true,"latched":true,"source":"vcgencmd"}"#, healthy: 4, version: 2,
        runtime: runtime(extension64: 3.07, extension81: 3.88, basis: "≥", degraded: 2, bound: "0.00125"),
        gaps: #"[{"kind":"restart","boot":3,"sequence":0,"previousBoot":2,"samplesLost":12,"seconds":120.5,"detectedMs":\#(now - 3_600_000)}]"#,
        forks: 1)

    static let silent = device(
        id: "c0ffee112233445566778899aabbccdd", model: "Raspberry Pi 4 Model B Rev 1.4",
        labels: #"{"site":"a"}"#, temperature: "null", available: 1_500_000_000, seenMs: now - 7_300_000,
        isLive: false, throttle: "null", healthy: 5, version: 4, runtime: "null")

    /// Its model tries to clear the screen and to write right to left.
    static let pending = """
        {"id":"dead00112233445566778899aabbccdd","model":"Evil\\u001b[2J\\u202ePi","serial":"","labels":{},
        "status":"pending","enrolledMs":\(now - 60_000),"lastSeenMs":null,"isLive":false,"gaps":[],"forks":0}
        """

    static let devices = #"{"devices":[\#(pi),\#(zero),\#(silent),\#(pending)]}"#
    static let accepted = #"{"devices":[\#(pi),\#(zero),\#(silent)]}"#

    /// The accepted three, which run these versions.
    static func accepted(running versions: Int...) -> String {
        let ids = ["3f9a", "a0b1", "c0ff"].map { $0 + "00112233445566778899aabbccdd" }
        let list = zip(ids, versions).map { id, version in
            device(
                id: id, model: "Raspberry Pi 4", labels: #"{"site":"\#(id.first == "3" ? "a" : "b")"}"#,
                temperature: "50", available: 2_900_000_000, seenMs: now - 4_000, isLive: true,
                throttle: "null", healthy: 5, version: version, runtime: "null")
        }
        return #"{"devices":[\#(list.joined(separator: ","))]}"#
    }

    static let fleet = """
        {"devices":{"total":4,"accepted":3,"pending":1,"rejected":0,"live":2,"silent":1},
        "versions":[{"version":4,"count":2},{"version":2,"count":1}],"coherence":0.83,
        "hottest":{"id":"a0b100112233445566778899aabbccdd","temperatureC":82.1},
        "serverTimeMs":\(now),"epoch":7,"version":"0.1.0"}
        """

    static func runtime(
        extension64: Double, extension81: Double, basis: String, degraded: Int, bound: String
    ) -> String {
        """
        {"extension81":\(extension81),"extension64":\(extension64),"basis":"\(basis)","baselineHours":2.5,
        "runtimeHours":\(2.5 * extension64),"budgetBytes":524288,"heldBytes":400000,"valuesAdmitted":120000,
        "bytesNeeded":228000,"highValueCount":900,"highValueDegraded":\(degraded),"worstErrorBound":\(bound),
        "share81":0.12,"share16":0.58,"share8":0.3,"refused":0}
        """
    }

    static let faults = """
        [{"name":"hwmon1 rpi_volt in0_lcrit_alarm","condition":"failed","errorCode":11,"lastGoodMs":93500000},
        {"name":"thermal_zone1 gpu-thermal","condition":"absurd","errorCode":0,"lastGoodMs":null}]
        """

    static func device(
        id: String, model: String, labels: String, temperature: String, available: Int, seenMs: Int64,
        isLive: Bool, throttle: String, healthy: Int, version: Int, runtime: String,
        gaps: String = "[]", forks: Int = 0
    ) -> String {
        """
        {"id":"\(id)","model":"\(model)","serial":"10000000abcdef","labels":\(labels),"status":"accepted",
        "enrolledMs":\(now - 86_400_000),"lastSeenMs":\(seenMs),"isLive":\(isLive),"agentVersion":"0.1.0",
        "boot":3,"sequence":117,"kernelBootID":"b","temperatureC":\(temperature),
        "zones":[{"name":"cpu-thermal","temperatureC":\(temperature)}],
        "hwmon":[{"chip":"rpi_volt","label":"in0","kind":"voltage","value":5.08}],
        "memoryTotalBytes":3900000000,"memoryAvailableBytes":\(available),"swapTotalBytes":104857600,
        "swapFreeBytes":104857600,"load1":0.42,"pressureMemorySomePercent":null,"frequencyKHz":1500000,
        "frequencyCeilingKHz":1200000,"frequencyMaximumKHz":1500000,"uptimeS":93600,"busyShare":0.37,
        "iowaitShare":0.02,"zram":{"diskBytes":447606784,"originalBytes":44789760,"compressedBytes":13912345,
        "usedBytes":15147008},"disk":{"readBytesTotal":620720128,"writtenBytesTotal":87666688,
        "readBytesPerS":0,"writtenBytesPerS":20480},"network":{"receivedBytesTotal":5234567,
        "sentBytesTotal":1234567,"faultsTotal":12,"receivedBytesPerS":1536,"sentBytesPerS":300},
        "reclaim":{"majorFaultsTotal":4312,"directScanBytesTotal":18743296,"oomKillsTotal":1,
        "majorFaultsPerS":0.5,"directScanBytesPerS":0},"stallSource":"vmstat",
        "throttle":\(throttle),"sensors":{"known":5,"healthy":\(healthy),"failuresTotal":3\(
            healthy == 5 ? "" : ",\"faults\":\(Self.faults)")},
        "decision":{"state":"coherent","factor":1.3464,"exponent":0.618,"memoryAdjustment":1.1,
        "memoryCeilingBytes":2400000000,"bitDepth":16,"confidence":{"value":0.81,"signalQuality":0.9,
        "agreement":0.95,"predictorQuality":0.947},"applicable":true,"triggers":["interval"],
        "operatingCoherence":0.88,"capacityCoherence":0.62,"slot":17,"controlMode":"dry-run",
        "votes":{"hardware":{"exponent":0,"weight":1,"factor":1},"entropy":{"exponent":0.618,"weight":1,"factor":1.3464}}},
        "controls":{"group":"workload.slice","by":"systemd","missing":["cpu.max"],"limits":[
        {"file":"memory.high","value":"209715200","original":"max"}]},
        "parameterVersion":\(version),"apply":{"version":\(version),"phase":"confirmed","reason":""},
        "runtime":\(runtime),"hardware":{"cpuCores":4,"cpuMaxMHz":1500,"memoryBytes":4294967296},
        "reportsStored":1170,"chunksStored":40,"samplesTaken":1200,"gaps":\(gaps),"forks":\(forks)}
        """
    }

    static func rollout(
        id: String = "r2", version: Int = 4, state: String, wave: Int = 0, waves: Int = 2, trial: Int = 0,
        confirmed: Int, targets: Int = 3, failure: String = "null", convergence: String = "null",
        scope: String = #"{"devices":[],"labels":[]}"#, devices: String? = nil, createdMs: Int64 = now - 30_000
    ) -> String {
        let list = (0..<waves).map { index in
            let isDone = index < wave || state == "converged"
            let phase = isDone ? "done" : index == wave ? "offered" : "waiting"
            let finished = isDone ? "\(createdMs + Int64(index + 1) * 5000)" : "null"
            let started = isDone || index == wave ? "\(createdMs + Int64(index) * 5000)" : "null"
            return #"{"index":\#(index),"size":\#(index + 1),"state":"\#(phase)","startedMs":\#(started),"finishedMs":\#(finished)}"#
        }.joined(separator: ",")
        return """
            {"id":"\(id)","version":\(version),"strategy":"golden","state":"\(state)","author":"anna",
            "message":"cooler limits","createdMs":\(createdMs),"finishedMs":null,"soakS":600,"scope":\(scope),
            "wave":\(wave),"waves":[\(list)],"counts":{"targets":\(targets),"waiting":0,"offered":0,
            "trial":\(trial),"confirmed":\(confirmed),"refused":\(failure == "null" ? 0 : 1),"reverted":0,
            "offline":0},"convergence":\(convergence),"failure":\(failure)\(devices.map { ",\"devices\":[\($0)]" } ?? "")}
            """
    }

    static func member(
        _ id: String, wave: Int, phase: String, reason: String = "", appliedMs: String = "null",
        confirmedMs: String = "null", isLive: Bool = true
    ) -> String {
        #"{"id":"\#(id)","model":"Raspberry Pi 4","wave":\#(wave),"phase":"\#(phase)","reason":"\#(reason)","offeredMs":null,"appliedMs":\#(appliedMs),"confirmedMs":\#(confirmedMs),"isLive":\#(isLive)}"#
    }
}
