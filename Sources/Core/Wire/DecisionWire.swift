// Bytes of a decision and of the pool's account.

import Bytes
import Digest
import Model

extension Decision {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter(reserving: 256)
        writer.unsigned(1, UInt64(state.rawValue))
        writer.double(2, factor)
        writer.double(3, exponent)
        for vote in votes { writer.message(4, vote.encoded()) }
        writer.double(5, memoryAdjustment)
        writer.unsigned(6, memoryCeilingBytes)
        writer.unsigned(7, UInt64(bitDepth.rawValue))
        writer.double(8, confidence.signalQuality)
        writer.double(9, confidence.agreement)
        writer.double(10, confidence.predictorQuality)
        writer.bool(11, isApplicable)
        writer.unsigned(12, UInt64(triggers.rawValue))
        writer.double(13, operatingCoherence)
        writer.double(14, capacityCoherence)
        writer.double(15, harmonicCoherence)
        writer.double(16, entanglementStrength)
        writer.double(17, quantumPhase)
        writer.double(18, observerPhase)
        writer.unsigned(19, UInt64(slot))
        writer.data(20, activation.bytes)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init()
        var votes: [Vote] = []
        while let field = try reader.next() {
            switch field.number {
            case 1:
                guard
                    let known = OperatingState(rawValue: UInt8(clamping: try reader.unsigned(field)))
                else { throw .outOfRange(field: 1) }
                state = known
            case 2: factor = try reader.finite(field)
            case 3: exponent = try reader.finite(field)
            case 4:
                guard votes.count < Expert.allCases.count else {
                    throw .tooLong(field: 4, limit: Expert.allCases.count)
                }
                votes.append(try Vote(decoding: try reader.message(field)))
            case 5: memoryAdjustment = try reader.finite(field)
            case 6: memoryCeilingBytes = try reader.unsigned(field)
            case 7:
                guard let known = BitDepth(rawValue: UInt8(clamping: try reader.unsigned(field)))
                else { throw .outOfRange(field: 7) }
                bitDepth = known
            case 8: confidence.signalQuality = try reader.finite(field)
            case 9: confidence.agreement = try reader.finite(field)
            case 10: confidence.predictorQuality = try reader.finite(field)
            case 11: isApplicable = try reader.bool(field)
            case 12:
                triggers = Triggers(rawValue: UInt16(truncatingIfNeeded: try reader.unsigned(field)))
            case 13: operatingCoherence = try reader.finite(field)
            case 14: capacityCoherence = try reader.finite(field)
            case 15: harmonicCoherence = try reader.finite(field)
            case 16: entanglementStrength = try reader.finite(field)
            case 17: quantumPhase = try reader.finite(field)
            case 18: observerPhase = try reader.finite(field)
            case 19: slot = UInt8(clamping: try reader.unsigned(field))
            case 20: activation = try reader.digest(field)
            default: break
            }
        }
        guard votes.count == Expert.allCases.count else { throw .missing(field: 4) }
        for (place, vote) in votes.enumerated() { self.votes[place] = vote }
    }
}

extension Vote {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.double(1, exponent)
        writer.double(2, weight)
        writer.double(3, factor)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self = .neutral
        while let field = try reader.next() {
            switch field.number {
            case 1: exponent = try reader.finite(field)
            case 2: weight = try reader.finite(field)
            case 3: factor = try reader.finite(field)
            default: break
            }
        }
    }
}

extension PoolSummary {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter(reserving: 160)
        writer.unsigned(1, budgetBytes)
        writer.unsigned(2, heldBytes)
        writer.unsigned(3, valuesAdmitted)
        writer.unsigned(4, bytesNeeded)
        writer.double(5, extension81)
        writer.double(6, extension64)
        writer.unsigned(7, UInt64(basis.rawValue))
        writer.double(8, baselineHours)
        writer.double(9, runtimeHours)
        writer.unsigned(10, highValueCount)
        writer.unsigned(11, highValueDegraded)
        writer.double(12, worstErrorBound)
        writer.double(13, share81)
        writer.double(14, share16)
        writer.double(15, share8)
        writer.unsigned(16, refused)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init()
        while let field = try reader.next() {
            switch field.number {
            case 1: budgetBytes = try reader.unsigned(field)
            case 2: heldBytes = try reader.unsigned(field)
            case 3: valuesAdmitted = try reader.unsigned(field)
            case 4: bytesNeeded = try reader.unsigned(field)
            case 5: extension81 = try reader.finite(field)
            case 6: extension64 = try reader.finite(field)
            case 7:
                guard let known = Basis(rawValue: UInt8(clamping: try reader.unsigned(field))) else {
                    throw .outOfRange(field: 7)
                }
                basis = known
            case 8: baselineHours = try reader.finite(field)
            case 9: runtimeHours = try reader.finite(field)
            case 10: highValueCount = try reader.unsigned(field)
            case 11: highValueDegraded = try reader.unsigned(field)
            case 12: worstErrorBound = try reader.finite(field)
            case 13: share81 = try reader.finite(field)
            case 14: share16 = try reader.finite(field)
            case 15: share8 = try reader.finite(field)
            case 16: refused = try reader.unsigned(field)
            default: break
            }
        }
    }
}

extension ProtoReader {
    func digest(_ field: Field) throws(WireFault) -> Digest32 {
        guard let digest = Digest32(try data(field, exactly: 32)) else {
            throw .outOfRange(field: field.number)
        }
        return digest
    }
}
