import Foundation
import Model
import Phi
import Testing

@Suite struct ParameterTests {
    @Test func idsFitTheTableAndTheWire() {
        let ids = Parameter.allCases.map(\.rawValue)
        #expect(Set(ids).count == ids.count)
        // Below 20 are the other fields of a set; 128 is the length of the dense table.
        #expect(ids.allSatisfy { (20..<128).contains($0) })
        #expect(ids == ids.sorted())
    }

    @Test func pathsAreUniqueAndPlain() {
        let paths = Parameter.allCases.map(\.path)
        #expect(Set(paths).count == paths.count)
        for path in paths {
            #expect(path.split(separator: ".").count == 2)
            #expect(path.utf8.allSatisfy { $0 == 0x2e || ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a })
        }
        for parameter in Parameter.allCases {
            #expect(parameter.description.unit.utf8CodeUnitCount > 0)
            #expect(parameter.description.meaning.utf8CodeUnitCount > 0)
        }
    }

    @Test func defaultsAreValid() {
        #expect(ParameterValues().problems == [])
        for parameter in Parameter.allCases {
            let description = parameter.description
            #expect(description.limits.contains(description.standard), "\(parameter.path)")
            #expect(description.limits.lowerBound.isFinite && description.limits.upperBound.isFinite)
            if description.isWhole {
                for value in [
                    description.standard, description.limits.lowerBound, description.limits.upperBound,
                ] {
                    #expect(value == value.rounded(), "\(parameter.path)")
                }
            }
        }
        #expect(ParameterSet.builtIn.version == 0)
        #expect(ParameterSet.builtIn.values == ParameterValues())
    }

    @Test func everyParameterHasItsOwnPlace() {
        var values = ParameterValues()
        for (index, parameter) in Parameter.allCases.enumerated() { values[parameter] = Double(index) }
        for (index, parameter) in Parameter.allCases.enumerated() {
            #expect(values[parameter] == Double(index))
        }
    }

    @Test(arguments: Parameter.allCases)
    func limitsHold(_ parameter: Parameter) {
        let limits = parameter.description.limits
        func problems(_ value: Double) -> [ParameterProblem] {
            var values = ParameterValues()
            values[parameter] = value
            return values.problems.filter { $0.text.contains("outside") }
        }
        #expect(problems(limits.lowerBound) == [])
        #expect(problems(limits.upperBound) == [])
        for bad in [
            limits.lowerBound.nextDown, limits.upperBound.nextUp, -.infinity, .infinity, .nan,
        ] {
            let found = problems(bad)
            #expect(found.map(\.parameter) == [parameter], "\(bad)")
            #expect(found.allSatisfy { $0.text.contains(parameter.path) })
        }
    }

    @Test(arguments: Parameter.allCases)
    func wholeNumbersAreWhole(_ parameter: Parameter) {
        let description = parameter.description
        var values = ParameterValues()
        values[parameter] = description.limits.lowerBound + 0.5
        let found = values.problems.filter { $0.text.contains("no whole number") }
        #expect(found.map(\.parameter) == (description.isWhole ? [parameter] : []))
    }

    /// The rules between parameters, each at equality, which is already wrong.
    @Test(arguments: [
        (Parameter.idleC, Parameter.softLimitC, 60.0),
        (.softLimitC, .criticalC, 84), (.lowValueMost, .highValueLeast, 0.5),
    ])
    func orderIsKept(_ low: Parameter, _ high: Parameter, _ value: Double) {
        var values = ParameterValues()
        values[low] = value
        values[high] = value
        #expect(values.problems.map(\.parameter) == [low])
        #expect(values.problems.allSatisfy { $0.text.contains(high.path) })
        values[low] = value.nextDown
        #expect(values.problems == [])
        values[low] = value.nextUp
        #expect(values.problems.map(\.parameter) == [low])
        values[low] = .nan
        #expect(!values.problems.isEmpty)
    }

    @Test func severalProblemsAreAllTold() {
        var values = ParameterValues()
        values[.holdS] = 0
        values[.poolBudgetKiB] = 100.5
        values[.softLimitC] = 45
        // 45 lies at idleC: not below it.
        #expect(values.problems.map(\.parameter) == [.holdS, .poolBudgetKiB, .idleC])
    }
}
