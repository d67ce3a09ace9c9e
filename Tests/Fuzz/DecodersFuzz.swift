// libFuzzer over every decoder of Precision and TensorPool. Not a SwiftPM target (the fuzzer brings
// its own `main`); built and run by Tests/Fuzz/run. The first byte chooses the decoder, the second
// the number of values; the rest is the input. A chunk gets a valid checksum, or nothing behind it
// would ever be reached.
//
// What is checked besides "no trap, no over-read": what a decoder accepts, it accepts again with the
// same result.

@testable import Precision
@testable import TensorPool

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count >= 2 else { return 0 }
    let values = Int(start[1]) * 2 + 1
    let rest = UnsafeRawBufferPointer(start: start + 2, count: count - 2)
    // A copy of exactly this length, so that reading past it is seen.
    let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: rest.count, alignment: 1)
    defer { exact.deallocate() }
    exact.copyMemory(from: rest)
    let input = UnsafeRawBufferPointer(exact)
    switch start[0] % 6 {
    case 0: hotBlock(input, values)
    case 1: coldBlock(input, values)
    case 2: times(input, values)
    case 3: chunk(input)
    case 4: text(input)
    default: planes(input, values)
    }
    return 0
}

private func hotBlock(_ input: UnsafeRawBufferPointer, _ count: Int) {
    let values = UnsafeMutableBufferPointer<Double>.allocate(capacity: count)
    defer { values.deallocate() }
    var source = ByteSource(input)
    try? ExactBlock.decode(into: values, from: &source)
}

private func coldBlock(_ input: UnsafeRawBufferPointer, _ count: Int) {
    let grids = [(0.0, 1.0), (-1e300, 1e300), (1e9, 1e9 + 1), (0, 1e-300)]
    guard let pick = input.first.map({ grids[Int($0) % 4] }),
        let grid = Grid(lower: pick.0, upper: pick.1)
    else { return }
    var bits: [[UInt64]] = []
    for _ in 0..<2 {
        let values = UnsafeMutableBufferPointer<Double>.allocate(capacity: count)
        defer { values.deallocate() }
        values.initialize(repeating: 0)
        var source = ByteSource(UnsafeRawBufferPointer(rebasing: input.dropFirst()))
        guard let runs = try? ColdBlock.decode(into: values, grid: grid, from: &source) else {
            return
        }
        precondition(runs.reduce(0) { $0 + $1.count } == count)
        bits.append(values.map(\.bitPattern))
    }
    precondition(bits[0] == bits[1])
}

private func times(_ input: UnsafeRawBufferPointer, _ count: Int) {
    let values = UnsafeMutableBufferPointer<Int64>.allocate(capacity: count)
    defer { values.deallocate() }
    var source = ByteSource(input)
    try? TimeBlock.decode(into: values, first: 7, from: &source)
}

private func chunk(_ input: UnsafeRawBufferPointer) {
    var bytes = [UInt8](input)
    if bytes.count > 2 {
        bytes[0] = ChunkCodec.magic
        bytes[1] = ChunkCodec.version
    }
    let crc = bytes.withUnsafeBytes { Checksum.crc32c($0) }
    for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: crc >> shift)) }
    guard let decoded = try? decodeChunk(bytes) else { return }
    precondition(decoded.values.count == decoded.header.count)
    precondition(decoded.timesMs.count == decoded.header.count)
}

private func text(_ input: UnsafeRawBufferPointer) {
    input.withMemoryRebound(to: UInt8.self) { letters in
        let double = DecimalText.double(letters)
        let wide = DecimalText.bits81(letters)
        precondition((double == nil) == (wide == nil))
        // Rounding twice may differ from rounding once by the last bit, not by more.
        if let double, let wide, double.isFinite, wide.isFinite, wide.doubleValue.isFinite {
            let difference = Int64(bitPattern: double.magnitude.bitPattern)
                - Int64(bitPattern: wide.doubleValue.magnitude.bitPattern)
            precondition(difference.magnitude <= 1)
        }
    }
}

private func planes(_ input: UnsafeRawBufferPointer, _ count: Int) {
    var source = ByteSource(input)
    guard let values = try? Bits81Planes.unpack(count: count, from: &source) else { return }
    for value in values {
        if let double = value.exactDouble { precondition(Bits81(double) == value) }
        if let integer = value.exactInt64 { precondition(Bits81(integer) == value) }
    }
}
