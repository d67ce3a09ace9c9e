// What /proc/cpuinfo tells where sysfs doesn't: how many processors there are, and how fast they are meant to
// run. It has a line for each figure of each processor, some of which move from read to read.

import Model

struct ProcessorInfo: Equatable {
    private(set) var count = 0
    /// Of the first name that has one.
    private var namedMHz: Int?
    private var bogomips: Double?
    private var isPC = false

    init() {}

    init(_ text: [UInt8]) {
        text.withUnsafeBufferPointer { text in
            for line in text.split(separator: 0x0a) { take(line: UnsafeBufferPointer(rebasing: line)) }
        }
    }

    /// Virtual PCs have no cpufreq. Their "cpu MHz" moves from read to read; the figure in the model
    /// name ("… @ 2.60GHz") doesn't, nor does half the BogoMIPS, rounded to 100 MHz. 0 when unknown.
    var nominalMHz: Int {
        if let namedMHz { return namedMHz }
        guard isPC, let bogomips, bogomips > 0, bogomips < 1e6 else { return 0 }
        return Int((bogomips / 200).rounded()) * 100
    }

    mutating func take(line: UnsafeBufferPointer<UInt8>) {
        if Self.value(in: line, of: "processor") != nil { count += 1 }
        if Self.value(in: line, of: "cpu MHz") != nil { isPC = true }
        if let value = Self.value(in: line, of: "bogomips") { bogomips = Self.decimal(value) }
        if namedMHz == nil, let name = Self.value(in: line, of: "model name") { namedMHz = Self.megahertz(in: name) }
    }

    private static func megahertz(in name: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let at = name.lastIndex(of: 0x40) else { return nil }
        var end = name.count
        while end > at + 1, name[end - 1] <= 0x20 { end -= 1 }
        guard end - at > 4, name[end - 3] == 0x47, name[end - 2] == 0x48, name[end - 1] == 0x7a,
            let gigahertz = decimal(UnsafeBufferPointer(rebasing: name[(at + 1)..<(end - 3)])),
            (0.01...100).contains(gigahertz)
        else { return nil }
        return Int((gigahertz * 1000).rounded())
    }

    private static func decimal(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        var scan = Scan(text)
        let value = scan.decimal()
        return scan.isAtEnd ? value : nil
    }

    /// What stands behind `name :`; nil in other lines.
    private static func value(
        in line: UnsafeBufferPointer<UInt8>, of name: StaticString
    ) -> UnsafeBufferPointer<UInt8>? {
        var scan = Scan(line)
        scan.skipBlanks()
        guard scan.take(name) else { return nil }
        scan.skipBlanks()
        return scan.take(":") ? scan.rest : nil
    }
}

extension ProcessorInfo {
    /// All that is read from it, in one number; 0 for nothing.
    var imprint: UInt64 { UInt64(UInt32(clamping: count)) << 32 | UInt64(UInt32(clamping: nominalMHz)) }

    init(imprint: UInt64) {
        count = Int(imprint >> 32)
        namedMHz = Int(imprint & 0xffff_ffff)
    }
}
