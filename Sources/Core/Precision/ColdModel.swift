// The lattice that a cold block's integers lie on, and the model that predicts the next of them.

/// The forecast's axis and the three integer domains on it.
struct Axis {
    let exponent: Int
    let lower: Double
    /// One over the unit of the axis.
    let perUnit: Double
    let grid16: IntegerDomain
    let grid8: IntegerDomain
    let decimal: IntegerDomain

    init(_ grid: Grid, exponent: Int, power: Double) {
        self.exponent = exponent
        lower = grid.lower
        let unit = Double(bitPattern: UInt64(1023 + exponent) << 52)
        perUnit = 1 / (grid.step16 * unit)
        grid16 = IntegerDomain(scale: unit, offset: 0)
        grid8 = IntegerDomain(scale: unit / Double(Grid.nesting), offset: 0)
        let scale = unit * grid.step16 * power
        decimal = IntegerDomain(
            scale: min(max(scale, 1e-30), 1e30), offset: grid.lower * power)
    }

    @inline(__always) func domain(_ coding: RunCoding) -> IntegerDomain {
        switch coding {
        case .grid8: grid8
        case .grid16: grid16
        default: decimal
        }
    }

    /// Where an integer of a domain lies on the axis.
    @inline(__always) func place(_ integer: Int64, _ domain: IntegerDomain) -> Double {
        (Double(integer) - domain.offset) / domain.scale
    }
}

/// One forecast for the series, one mixture for each way of holding its values.
struct ColdModel {
    let axis: Axis
    private var forecast = Forecast()
    private var grid8: Mixture
    private var grid16: Mixture
    private var decimal: Mixture

    /// - Parameter counts: of a `CountTable` that outlives the model.
    init(_ axis: Axis, on counts: UnsafeMutablePointer<SmallCounts>) {
        self.axis = axis
        grid8 = Mixture(on: counts)
        grid16 = Mixture(on: counts + Mixture.countsEach)
        decimal = Mixture(on: counts + 2 * Mixture.countsEach)
    }

    mutating func begin(_ integer: Int64, _ coding: RunCoding) {
        forecast.observe(axis.place(integer, axis.domain(coding)))
    }

    mutating func skip(exact value: Double) {
        guard value.isFinite else { return }
        forecast.observe((value - axis.lower) * axis.perUnit)
    }

    @inline(__always)
    mutating func encode(_ integer: Int64, _ coding: RunCoding, to encoder: inout RangeEncoder) {
        let domain = axis.domain(coding)
        switch coding {
        case .grid8: grid8.encode(integer, forecast.outlook, domain, to: &encoder)
        case .grid16: grid16.encode(integer, forecast.outlook, domain, to: &encoder)
        default: decimal.encode(integer, forecast.outlook, domain, to: &encoder)
        }
        forecast.observe(axis.place(integer, domain))
    }

    @inline(__always)
    mutating func decode(
        _ coding: RunCoding, from decoder: inout RangeDecoder
    ) throws(PrecisionError) -> Int64 {
        let domain = axis.domain(coding)
        let integer: Int64
        switch coding {
        case .grid8: integer = try grid8.decode(forecast.outlook, domain, from: &decoder)
        case .grid16: integer = try grid16.decode(forecast.outlook, domain, from: &decoder)
        default: integer = try decimal.decode(forecast.outlook, domain, from: &decoder)
        }
        forecast.observe(axis.place(integer, domain))
        return integer
    }
}

extension Double {
    /// floor(log2) of a positive number, 0 for zero and for what is below 1.
    var exponentOrZero: Int64 {
        self < 1 ? 0 : Int64((bitPattern >> 52) & 0x7FF) - 1023
    }
}
