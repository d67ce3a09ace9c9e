// The channels of a board, as they look, made with a fixed seed: what the bench runs on where no
// trace is at hand, and what instructions are counted on. The same values on every processor: only
// + − × ÷ and truncation.

public struct BoardSeries {
    public static let names: [StaticString] = [
        "cpu_temp", "room_temp", "load", "mem_available_kib", "freq_mhz", "net_bytes", "price", "white",
    ]
    /// Full scales to declare: where the values lie.
    public static let scales: [(lower: Double, upper: Double)] = [
        (40, 80), (15, 27), (0, 3), (3_000_000, 4_000_000), (600, 1500), (0, 120_000), (50, 150), (-1, 1),
    ]
    /// Between two rows.
    public static let intervalMs: Int64 = 10_000

    private var state: UInt64 = 2026
    private var row = 0
    private var (cpu, room, load, memory, price) = (50.0, 21.0, 0.3, 3_500_000.0, 100.0)

    public init() {}

    /// −1 … 1.
    private mutating func noise() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(Int64(bitPattern: state) >> 11) / Double(1 << 52)
    }

    /// To the nearest 1/scale; magnitudes are far below 2^63.
    private func fixed(_ value: Double, _ scale: Double) -> Double {
        Double(Int64(value * scale + (value < 0 ? -0.5 : 0.5))) / scale
    }

    /// The next row: eight values, in the order of `names`.
    public mutating func next(into values: inout [Double]) {
        let busy = row / 700 % 5 == 0
        load += (busy ? 2.5 - load : 0.3 - load) * 0.05 + noise() * 0.05
        cpu += (45 + load * 10 - cpu) * 0.1 + noise() * 0.3
        room += noise() * 0.01
        memory += noise() * 400 + (row % 900 == 0 ? -20_000 : 22)
        let bytes = busy ? 90_000 + noise() * 30_000 : (noise() > 0.6 ? 1500 : 0)
        price *= 1 + noise() * 0.0007
        let frequency = busy ? 1500.0 : (noise() > 0.9 ? 1000 : 600)
        values[0] = fixed(cpu, 10)
        values[1] = fixed(room, 100)
        values[2] = fixed(load, 100)
        values[3] = Double(Int64(memory) / 4 * 4)
        values[4] = frequency
        values[5] = Double(Int64(bytes))
        values[6] = fixed(price, 100)
        values[7] = noise()
        row += 1
    }
}
