// Natural numbers of any size, for decimal text only: a few operations, the simplest algorithms.

struct BigNatural {
    /// Least significant first; no zeros at the end.
    private(set) var words: [UInt32]

    init(_ value: UInt64) {
        words = [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)]
        trim()
    }

    var isZero: Bool { words.isEmpty }

    var bitWidth: Int {
        words.isEmpty ? 0 : words.count * 32 - words[words.count - 1].leadingZeroBitCount
    }

    private mutating func trim() {
        while words.last == 0 { words.removeLast() }
    }

    /// self · factor + addend.
    mutating func multiply(by factor: UInt32, adding addend: UInt32 = 0) {
        var carry = UInt64(addend)
        for index in words.indices {
            carry += UInt64(words[index]) * UInt64(factor)
            words[index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        if carry > 0 { words.append(UInt32(carry)) }
        trim()
    }

    mutating func multiply(byPowerOfTen power: Int) {
        var left = power
        while left >= 9 {
            multiply(by: 1_000_000_000)
            left -= 9
        }
        for _ in 0..<left { multiply(by: 10) }
    }

    mutating func shiftLeft(_ count: Int) {
        guard !isZero, count > 0 else { return }
        let bits = UInt32(count % 32)
        if bits > 0 {
            var carry: UInt32 = 0
            for index in words.indices {
                let word = words[index]
                words[index] = word << bits | carry
                carry = word >> (32 - bits)
            }
            if carry > 0 { words.append(carry) }
        }
        words.insert(contentsOf: repeatElement(0, count: count / 32), at: 0)
    }

    mutating func shiftRightOne() {
        var carry: UInt32 = 0
        for index in words.indices.reversed() {
            let word = words[index]
            words[index] = word >> 1 | carry << 31
            carry = word & 1
        }
        trim()
    }

    /// −1, 0 or 1.
    func compare(_ other: BigNatural) -> Int {
        if words.count != other.words.count { return words.count < other.words.count ? -1 : 1 }
        for index in words.indices.reversed() where words[index] != other.words[index] {
            return words[index] < other.words[index] ? -1 : 1
        }
        return 0
    }

    /// self − other, which must not be larger.
    mutating func subtract(_ other: BigNatural) {
        var borrow: Int64 = 0
        for index in words.indices {
            let own = Int64(words[index])
            let theirs = index < other.words.count ? Int64(other.words[index]) : 0
            let difference = own - theirs + borrow
            words[index] = UInt32(truncatingIfNeeded: difference)
            borrow = difference >> 32
        }
        trim()
    }

    /// Quotient (below 2^128) and whether anything remains, and how the remainder compares to half
    /// the divisor: −1, 0, 1. Bit by bit: a quotient has 70 bits here, whatever the operands.
    static func divide(
        _ dividend: BigNatural, by divisor: BigNatural
    ) -> (quotient: UInt128, half: Int, isExact: Bool) {
        var rest = dividend
        var quotient: UInt128 = 0
        let shift = max(0, dividend.bitWidth - divisor.bitWidth)
        var scaled = divisor
        scaled.shiftLeft(shift)
        for _ in 0...shift {
            quotient <<= 1
            if rest.compare(scaled) >= 0 {
                rest.subtract(scaled)
                quotient |= 1
            }
            scaled.shiftRightOne()
        }
        let isExact = rest.isZero
        rest.shiftLeft(1)
        return (quotient, rest.compare(divisor), isExact)
    }
}
