// What a cell says: a number, or a moment.

import Precision

enum CSVNumber {
    /// A decimal number with optional sign and exponent, correctly rounded; nil for anything else.
    static func parse(_ cell: [UInt8]) -> Double? {
        cell.withUnsafeBufferPointer { DecimalText.double($0) }
    }
}

enum CSVTime {
    /// `2015-08-20 23:58:30`, with `T`, fractions or a final `Z` as well, or a number: seconds since
    /// 1970 below 10^11, else milliseconds. Milliseconds since 1970.
    static func parse(_ cell: [UInt8]) -> Int64? {
        if let number = CSVNumber.parse(cell) {
            guard number.magnitude < 1e15 else { return nil }
            return number.magnitude < 1e11 ? Int64(number * 1000) : Int64(number)
        }
        var fields: [Int64] = []
        var current: Int64 = 0
        var digits = 0
        for byte in cell {
            if byte >= 0x30 && byte <= 0x39 && digits < 9 {
                current = current * 10 + Int64(byte - 0x30)
                digits += 1
            } else if digits > 0 {
                fields.append(current)
                (current, digits) = (0, 0)
            }
        }
        if digits > 0 { fields.append(current) }
        guard fields.count >= 3, fields[0] >= 1000, fields[0] < 10_000, (1...12).contains(fields[1]),
            (1...31).contains(fields[2])
        else { return nil }
        let seconds =
            days(fields[0], fields[1], fields[2]) * 86_400
            + (fields.count > 3 ? fields[3] * 3600 : 0) + (fields.count > 4 ? fields[4] * 60 : 0)
            + (fields.count > 5 ? fields[5] : 0)
        var fraction = fields.count > 6 ? fields[6] : 0
        while fraction >= 1000 { fraction /= 10 }
        return seconds * 1000 + fraction
    }

    /// Days since 1970-01-01 of the proleptic Gregorian calendar.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }
}
