// What goes over the helper's socket: one request of 64 bytes, one reply of 64 bytes, in turn. Nothing in
// it has a length of its own to lie about, names a path, or has a meaning for more than one control.
//
//     request    0…3  "PHI1"
//                4    what: 1 probe, 2 write, 3 restore all
//                5    control: 0 memory.max, 1 memory.high, 2 cpu.max, 3 cpu.weight, 4 frequency cap
//                6…7  the policy's number, little endian; 0 for the group's controls
//                8    length of the value, 0…48
//                9…15 zero
//               16…63 the value in ASCII, as the kernel takes it; the rest zero
//
//     reply      0…3  "PHI1"
//                4    what was asked, 0 where that can't be told
//                5    0 done, 1 not a request, 2 refused, 3 failed
//                6    length of the text, 0…56
//                7    zero
//                8…63 why, in ASCII; the rest zero

import Bytes

enum HelperMessage {
    static let bytes = 64
    static let valueMax = 48
    static let textMax = 56
    static let magic: [UInt8] = [0x50, 0x48, 0x49, 0x31]
}

struct HelperRequest: Equatable {
    enum Verb: UInt8 {
        case probe = 1
        case write
        case restore
    }

    var verb: Verb
    /// Nil to restore all.
    var control: Control?
    var value: String

    init(_ verb: Verb, _ control: Control? = nil, _ value: String = "") {
        self.verb = verb
        self.control = control
        self.value = value
    }

    /// Nil for anything that isn't exactly a request: a wrong size, a number without a meaning, a bit
    /// where zero has to be, a value that its control doesn't take.
    init?(_ message: [UInt8]) {
        guard message.count == HelperMessage.bytes, message.starts(with: HelperMessage.magic),
            let verb = Verb(rawValue: message[4]), message[9..<16].allSatisfy({ $0 == 0 }),
            message[8] <= HelperMessage.valueMax
        else { return nil }
        let end = 16 + Int(message[8])
        let value = message[16..<end]
        guard message[end...].allSatisfy({ $0 == 0 }) else { return nil }
        let policy = UInt16(message[6]) | UInt16(message[7]) << 8
        var control: Control?
        switch verb {
        case .restore:
            guard message[5] == 0, policy == 0, value.isEmpty else { return nil }
        case .probe, .write:
            let kind = Int(message[5])
            if kind < Control.ofGroup.count {
                guard policy == 0 else { return nil }
                control = Control.ofGroup[kind]
            } else if kind == Control.ofGroup.count {
                control = .frequencyCap(policy: policy)
            }
            guard let control else { return nil }
            guard verb == .probe ? value.isEmpty : control.accepts(value) else { return nil }
        }
        self.init(verb, control, Text.string(value))
    }

    /// Nil for a value that doesn't fit.
    var message: [UInt8]? {
        let bytes = Array(value.utf8)
        guard bytes.count <= HelperMessage.valueMax else { return nil }
        var message = HelperMessage.magic + [verb.rawValue, 0, 0, 0, UInt8(bytes.count)]
        switch control {
        case .frequencyCap(let policy):
            message[5] = UInt8(Control.ofGroup.count)
            message[6] = UInt8(truncatingIfNeeded: policy)
            message[7] = UInt8(truncatingIfNeeded: policy >> 8)
        case .some(let control):
            message[5] = UInt8(Control.ofGroup.firstIndex(of: control) ?? 0)
        case nil: break
        }
        message += [UInt8](repeating: 0, count: 7) + bytes
        return message + [UInt8](repeating: 0, count: HelperMessage.bytes - message.count)
    }
}

struct HelperReply: Equatable {
    enum Status: UInt8 {
        case done = 0
        case malformed
        case refused
        case failed
    }

    var verb: UInt8
    var status: Status
    var text: String

    init(verb: UInt8, _ status: Status, _ text: String = "") {
        self.verb = verb
        self.status = status
        self.text = text
    }

    init?(_ message: [UInt8]) {
        guard message.count == HelperMessage.bytes, message.starts(with: HelperMessage.magic),
            let status = Status(rawValue: message[5]), message[7] == 0,
            message[6] <= HelperMessage.textMax
        else { return nil }
        let text = message[8..<(8 + Int(message[6]))]
        // It goes into a log.
        guard text.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else { return nil }
        self.init(verb: message[4], status, Text.string(text))
    }

    var message: [UInt8] {
        let shown = text.utf8.prefix(HelperMessage.textMax).map { $0 >= 0x20 && $0 < 0x7f ? $0 : 0x3f }
        let message = HelperMessage.magic + [verb, status.rawValue, UInt8(shown.count), 0] + shown
        return message + [UInt8](repeating: 0, count: HelperMessage.bytes - message.count)
    }
}
