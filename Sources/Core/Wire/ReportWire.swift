// Bytes of a report and its reply, and the chain over reports.
//
// A report's last field is the chain's new head: SHA-256 over the bytes before it, which begin with
// the device and carry the previous head. So a gap, a fork or a forged report shows.

import Bytes
import Digest
import Model

/// A report as it travels: its exact bytes and the head they lead to.
public struct SealedReport: Equatable, Sendable {
    public let report: Report
    public let bytes: [UInt8]
    public let head: Digest32
}

extension SealedReport {
    fileprivate static let headField = 31

    public init(sealing report: Report) {
        let body = report.encoded()
        let head = Digest.sha256(body.bytes)
        var writer = body
        writer.data(Self.headField, head.bytes)
        self.init(report: report, bytes: writer.bytes, head: head)
    }

    /// Decodes, and checks that the head follows from the bytes.
    public init(decoding bytes: [UInt8]) throws(WireFault) {
        guard bytes.count <= Report.byteCountMax else {
            throw .tooLong(field: 0, limit: Report.byteCountMax)
        }
        let (report, head, covered) = try Report.decode(bytes, headField: Self.headField)
        guard Digest.sha256(bytes, range: 0..<covered) == head else {
            throw .outOfRange(field: Self.headField)
        }
        self.init(report: report, bytes: bytes, head: head)
    }
}

extension Report {
    /// Without a look at the seal: for bytes that were checked when they were stored, and whose chunks
    /// may since have been cut out.
    public init(stored bytes: [UInt8]) throws(WireFault) {
        self = try Self.decode(bytes, headField: SealedReport.headField).0
    }

    fileprivate func encoded() -> ProtoWriter {
        var writer = ProtoWriter(reserving: 1024 + chunks.reduce(0) { $0 + $1.count + 4 })
        writer.data(1, device.bytes)
        writer.unsigned(2, boot)
        writer.string(3, kernelBootID, upTo: 64)
        writer.unsigned(4, sequence)
        writer.data(5, previousHead.bytes)
        writer.message(6, instant.encoded())
        writer.string(7, agentVersion, upTo: 64)
        writer.unsigned(8, samplesTaken)
        writer.message(9, sample.encoded())
        writer.message(10, decision.encoded())
        writer.unsigned(11, UInt64(controlMode.rawValue))
        writer.message(12, pool.encoded())
        writer.data(13, cycleDigest.bytes)
        writer.data(14, hardwareHash.bytes)
        if let hardware { writer.message(15, hardware.encoded()) }
        writer.unsigned(16, parameterVersion)
        writer.message(17, applyStatus.encoded())
        if let gap { writer.message(18, gap.encoded()) }
        for chunk in chunks { writer.data(19, chunk) }
        for name in seriesNames.prefix(SeriesName.countMax) { writer.message(20, name.encoded()) }
        for origin in origins.prefix(ChunkOrigin.countMax) { writer.message(24, origin.encoded()) }
        if let spool { writer.message(25, spool.encoded()) }
        if let controls { writer.message(26, controls.encoded()) }
        return writer
    }

    fileprivate static func decode(_ bytes: [UInt8], headField: Int) throws(WireFault)
        -> (Report, Digest32, covered: Int)
    {
        var device: DeviceID?
        var previousHead: Digest32?
        var head: Digest32?
        var covered = 0
        var hasSample = false
        var hasDecision = false
        let nowhere = Instant(monotonicMs: 0, wallMs: 0, isSynced: false)
        var report = Report(
            device: DeviceID(high: 0, low: 0), boot: 0, kernelBootID: "", sequence: 0,
            previousHead: .zero, instant: nowhere, agentVersion: "", samplesTaken: 0,
            sample: Sample(instant: nowhere), decision: Decision(), controlMode: .apiOnly,
            pool: PoolSummary(), cycleDigest: .zero, hardwareHash: .zero, hardware: nil,
            parameterVersion: 0, applyStatus: ApplyStatus(), gap: nil, chunks: [])
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: device = DeviceID(try reader.data(field, exactly: 16))
            case 2: report.boot = try reader.unsigned(field)
            case 3: report.kernelBootID = try reader.string(field, upTo: 64)
            case 4: report.sequence = try reader.unsigned(field)
            case 5: previousHead = try reader.digest(field)
            case 6: report.instant = try Instant(decoding: try reader.message(field))
            case 7: report.agentVersion = try reader.string(field, upTo: 64)
            case 8: report.samplesTaken = try reader.unsigned(field)
            case 9:
                report.sample = try Sample(decoding: try reader.message(field))
                hasSample = true
            case 10:
                report.decision = try Decision(decoding: try reader.message(field))
                hasDecision = true
            case 11:
                guard let mode = ControlMode(rawValue: UInt8(clamping: try reader.unsigned(field)))
                else { throw .outOfRange(field: 11) }
                report.controlMode = mode
            case 12: report.pool = try PoolSummary(decoding: try reader.message(field))
            case 13: report.cycleDigest = try reader.digest(field)
            case 14: report.hardwareHash = try reader.digest(field)
            case 15: report.hardware = try HardwareRecord(decoding: try reader.message(field))
            case 16: report.parameterVersion = try reader.unsigned(field)
            case 17: report.applyStatus = try ApplyStatus(decoding: try reader.message(field))
            case 18: report.gap = try RestartGap(decoding: try reader.message(field))
            case 19:
                guard report.chunks.count < Report.chunkCountMax else {
                    throw .tooLong(field: 19, limit: Report.chunkCountMax)
                }
                let chunk = try reader.data(field, upTo: Report.chunkBytesMax)
                // Each is a row at the aggregator: nothing isn't worth one.
                guard !chunk.isEmpty else { throw .outOfRange(field: 19) }
                report.chunks.append(chunk)
            case 20:
                guard report.seriesNames.count < SeriesName.countMax else {
                    throw .tooLong(field: 20, limit: SeriesName.countMax)
                }
                report.seriesNames.append(try SeriesName(decoding: try reader.message(field)))
            case 24:
                guard report.origins.count < ChunkOrigin.countMax else {
                    throw .tooLong(field: 24, limit: ChunkOrigin.countMax)
                }
                report.origins.append(try ChunkOrigin(decoding: try reader.message(field)))
            case 25: report.spool = try SpoolSummary(decoding: try reader.message(field))
            case 26: report.controls = try ControlSummary(decoding: try reader.message(field))
            case headField:
                head = try reader.digest(field)
                covered = field.start
                guard reader.position == bytes.count else { throw .outOfRange(field: headField) }
            default: break
            }
        }
        guard let device else { throw .missing(field: 1) }
        guard report.boot > 0, report.boot < 1 << 62 else { throw .outOfRange(field: 2) }
        guard report.sequence > 0, report.sequence < 1 << 62 else { throw .outOfRange(field: 4) }
        guard let previousHead else { throw .missing(field: 5) }
        guard hasSample else { throw .missing(field: 9) }
        guard hasDecision else { throw .missing(field: 10) }
        guard let head else { throw .missing(field: headField) }
        report.device = device
        report.previousHead = previousHead
        return (report, head, covered)
    }
}

extension ApplyStatus {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, version)
        writer.unsigned(2, UInt64(phase.rawValue))
        writer.unsigned(3, reasonCode)
        writer.string(4, reason, upTo: 512)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init()
        while let field = try reader.next() {
            switch field.number {
            case 1: version = try reader.unsigned(field)
            case 2:
                guard let known = Phase(rawValue: UInt8(clamping: try reader.unsigned(field))) else {
                    throw .outOfRange(field: 2)
                }
                phase = known
            case 3: reasonCode = try reader.int(field, upTo: 1_000_000)
            case 4: reason = try reader.string(field, upTo: 512)
            default: break
            }
        }
    }
}

extension SeriesName {
    private static let nameBytesMax = 160

    public func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, UInt64(id))
        writer.string(2, name, upTo: Self.nameBytesMax)
        return writer
    }

    public init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(id: 0, name: "")
        while let field = try reader.next() {
            switch field.number {
            case 1: id = UInt16(truncatingIfNeeded: try reader.int(field, upTo: 65_535))
            case 2: name = try reader.string(field, upTo: Self.nameBytesMax)
            default: break
            }
        }
    }
}

extension RestartGap {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, previousBoot)
        writer.bool(2, wasClean)
        if let samplesLost { writer.unsigned(3, samplesLost) }
        if let samplesLostMost { writer.unsigned(4, samplesLostMost) }
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(previousBoot: 0, wasClean: false, samplesLost: nil)
        while let field = try reader.next() {
            switch field.number {
            case 1: previousBoot = try reader.unsigned(field)
            case 2: wasClean = try reader.bool(field)
            case 3: samplesLost = try reader.unsigned(field)
            case 4: samplesLostMost = try reader.unsigned(field)
            default: break
            }
        }
    }
}

extension ReportReply {
    public func encoded() -> [UInt8] {
        var writer = ProtoWriter()
        writer.unsigned(1, boot)
        writer.unsigned(2, sequence)
        writer.signed(3, serverTimeMs)
        writer.unsigned(4, serverEpoch)
        if let envelope { writer.data(5, envelope.encoded()) }
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireFault) {
        self.init(boot: 0, sequence: 0, serverTimeMs: 0, serverEpoch: 0)
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: boot = try reader.unsigned(field)
            case 2: sequence = try reader.unsigned(field)
            case 3: serverTimeMs = try reader.signed(field)
            case 4: serverEpoch = try reader.unsigned(field)
            case 5:
                envelope = try? Envelope(
                    decoding: try reader.data(field, upTo: Envelope.byteCountMax))
                hasUnreadableEnvelope = envelope == nil
            default: break
            }
        }
        guard boot > 0, sequence > 0 else { throw .missing(field: 1) }
    }
}
