// Doubles that are decimals in disguise: 20.37 is 2037 · 10^-2, and integers code far better than
// mantissas. A value belongs when value · 10^d rounds to an integer whose quotient by 10^d is the
// same Double, bit for bit (the idea of ALP, Afroozeh and Boncz 2023; the quotient of two exact
// Doubles is what a correct parser makes of the decimal, so what once was text always belongs).

public enum DecimalScale {
    public static let largest = 15
    /// Integers below this keep every sum and difference of the predictors far from overflow.
    static let limit = 2_251_799_813_685_248.0  // 2^51

    public static func power(_ decimals: Int) -> Double {
        var power = 1.0
        for _ in 0..<decimals { power *= 10 }  // exact up to 10^22
        return power
    }

    /// The integer of one value at 10^d, or nil. Negative zero has none.
    @inline(__always)
    public static func integer(_ value: Double, power: Double) -> Int64? {
        let scaled = value * power
        guard scaled.magnitude < limit else { return nil }
        let shifted = scaled + Grid.roundingShift
        guard ((shifted - Grid.roundingShift) / power).bitPattern == value.bitPattern else { return nil }
        return Int64(bitPattern: shifted.bitPattern &- Grid.roundingShift.bitPattern)
    }

    /// Places that a value needs, at least `least`; nil if it is no decimal.
    public static func places(_ value: Double, atLeast least: Int) -> Int? {
        guard value.isFinite else { return nil }
        var places = least
        while places <= largest {
            if integer(value, power: power(places)) != nil { return places }
            places += 1
        }
        return nil
    }

    /// Places that all but one value in eight need; nil when more are no decimals.
    public static func fit(_ values: UnsafeBufferPointer<Double>) -> Int? {
        var places = 0
        var scale = 1.0
        var exceptions = 0
        for value in values where integer(value, power: scale) == nil {
            if places < largest, let more = Self.places(value, atLeast: places + 1) {
                // What the coarser scale held, the finer one holds, as long as it is below 2^51.
                (places, scale) = (more, power(more))
            } else {
                exceptions += 1
                if exceptions * 8 > values.count { return nil }
            }
        }
        return places
    }

    /// Fills `integers` for all values and answers the number of places, or nil when more than one
    /// value in eight is no decimal. An exception repeats the integer before it, and is counted.
    public static func convert(
        _ values: UnsafeBufferPointer<Double>, hint: Int,
        into integers: UnsafeMutablePointer<Int64>
    ) -> (places: Int, exceptions: Int)? {
        var places = min(max(0, hint), largest)
        var scale = power(places)
        var exceptions = 0
        var previous: Int64 = 0
        var divisible = true
        var position = 0
        while position < values.count {
            let value = values[position]
            if let integer = integer(value, power: scale) {
                integers[position] = integer
                if divisible { divisible = integer % 10 == 0 }
                previous = integer
                position += 1
                continue
            }
            if places < largest, let more = Self.places(value, atLeast: places + 1) {
                // One finer value refines all: start again, at most 15 times.
                (places, scale) = (more, power(more))
                (position, exceptions, previous, divisible) = (0, 0, 0, true)
                continue
            }
            integers[position] = previous
            exceptions += 1
            position += 1
            if exceptions * 8 > values.count { return nil }
        }
        // The hint was too fine: drop places that all values end in zero.
        while divisible && places > 0 {
            places -= 1
            for position in 0..<values.count { integers[position] /= 10 }
            for position in 0..<values.count where integers[position] % 10 != 0 {
                divisible = false
                break
            }
        }
        return (places, exceptions)
    }
}
