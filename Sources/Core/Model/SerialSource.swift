// What a machine's serial number was read from.

/// Where a serial number comes from.
public enum SerialSource: UInt8, Sendable, CaseIterable {
    case deviceTree = 1
    case productUUID
    case machineID
    /// Nothing tells this machine from others: the install UUID stands alone.
    case none

    /// As the state file and `--json` have it.
    public var name: String {
        switch self {
        case .deviceTree: "device-tree"
        case .productUUID: "dmi-product-uuid"
        case .machineID: "machine-id"
        case .none: "none"
        }
    }

    /// For people.
    public var words: String {
        switch self {
        case .deviceTree: "the device tree's serial number"
        case .productUUID: "the DMI product UUID"
        case .machineID: "machine-id"
        case .none: "the install UUID alone"
        }
    }

    public init?(name: ArraySlice<UInt8>) {
        guard let source = Self.allCases.first(where: { $0.name.utf8.elementsEqual(name) }) else {
            return nil
        }
        self = source
    }
}
