// What protoc must read in each message, written from the model by the schema's names; the messages
// themselves are in the files beside this one.

import CoreTesting
import Model

/// Collects fields in the order of their numbers.
struct Expected {
    private(set) var fields: [ProtoField] = []

    /// Zero and empty are written too, but proto3 prints no field that has its default, except
    /// where it is optional.
    mutating func number<Number: BinaryInteger>(_ name: String, _ value: Number, optional: Bool = false) {
        if value != 0 || optional { add(name, .word("\(value)")) }
    }

    mutating func bool(_ name: String, _ value: Bool) {
        if value { add(name, .word("true")) }
    }

    mutating func enumerator(_ name: String, _ word: String?) {
        if let word { add(name, .word(word)) }
    }

    mutating func text(_ name: String, _ value: String) { bytes(name, Array(value.utf8)) }

    mutating func bytes(_ name: String, _ value: [UInt8], repeated: Bool = false) {
        if !value.isEmpty || repeated { add(name, .bytes(value)) }
    }

    /// The bit pattern stands for the number; `normalized` does the same to what protoc printed.
    mutating func double(_ name: String, _ value: Double, optional: Bool = false) {
        if value.bitPattern != 0 || optional { add(name, .word("double \(value.bitPattern)")) }
    }

    mutating func real(_ name: String, _ value: Double?) {
        if let value { double(name, value, optional: true) }
    }

    mutating func message(_ name: String, _ make: (inout Expected) -> Void) {
        var inner = Expected()
        make(&inner)
        add(name, .message(inner.fields))
    }

    private mutating func add(_ name: String, _ value: ProtoField.Value) {
        fields.append(ProtoField(name: name, value: value))
    }

    /// `found` with every number that stands where a double is expected as its bit pattern.
    static func normalized(_ found: [ProtoField], like expected: [ProtoField]) -> [ProtoField] {
        guard found.count == expected.count else { return found }
        return zip(found, expected).map { found, expected in
            switch (found.value, expected.value) {
            case (.word(let word), .word(let like)) where like.hasPrefix("double "):
                guard let value = Double(word) else { return found }
                return ProtoField(name: found.name, value: .word("double \(value.bitPattern)"))
            case (.message(let inner), .message(let like)):
                return ProtoField(name: found.name, value: .message(normalized(inner, like: like)))
            default: return found
            }
        }
    }
}

/// Parts that several messages have.
extension Expected {
    mutating func instant(_ name: String, _ instant: Instant) {
        message(name) {
            $0.number("monotonic_ms", instant.monotonicMs)
            $0.number("wall_ms", instant.wallMs)
            $0.bool("is_synced", instant.isSynced)
        }
    }

    mutating func label(_ label: Label, name: String = "labels") {
        message(name) {
            $0.text("key", label.key)
            $0.text("value", label.value)
        }
    }

    mutating func hardware(_ record: HardwareRecord) {
        text("model", record.model)
        text("serial", record.serial)
        number("cpu_cores", record.cpuCores)
        number("cpu_max_mhz", record.cpuMaxMHz)
        number("memory_bytes", record.memoryBytes)
        if let gpu = record.gpu {
            message("gpu") {
                $0.text("name", gpu.name)
                $0.double("memory_gb", gpu.memoryGB)
                $0.number("cores", gpu.cores)
                $0.enumerator(
                    "tier",
                    { switch gpu.tier {
                    case .integrated: "GPU_TIER_INTEGRATED"
                    case .lowEnd: "GPU_TIER_LOW_END"
                    case .midRange: "GPU_TIER_MID_RANGE"
                    case .highEnd: "GPU_TIER_HIGH_END"
                    case .ultra: "GPU_TIER_ULTRA"
                    case .extreme: "GPU_TIER_EXTREME"
                    } }())
            }
        }
    }
}
