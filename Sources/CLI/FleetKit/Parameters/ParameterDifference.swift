// What changes between two sets.

import Model

struct ParameterDifference {
    let name: String
    let old: String
    let new: String
    let unit: String

    static func between(
        _ old: (profile: Profile, values: ParameterValues),
        _ new: (profile: Profile, values: ParameterValues)
    ) -> [ParameterDifference] {
        var differences: [ParameterDifference] = []
        if old.profile != new.profile {
            differences.append(
                ParameterDifference(name: "profile", old: old.profile.name, new: new.profile.name, unit: ""))
        }
        for parameter in Parameter.allCases where old.values[parameter] != new.values[parameter] {
            differences.append(
                ParameterDifference(
                    name: parameter.path, old: Format.exact(old.values[parameter]),
                    new: Format.exact(new.values[parameter]), unit: unitText(parameter)))
        }
        return differences
    }

    /// A ratio has no unit to show.
    static func unitText(_ parameter: Parameter) -> String {
        let unit = "\(parameter.description.unit)"
        return unit == "1" ? "" : unit
    }

    static func table(_ differences: [ParameterDifference]) -> Table {
        var table = Table([.left("PARAMETER"), .right("OLD"), .right("NEW"), .text("UNIT")])
        for difference in differences {
            table.add([
                Styled(difference.name), Styled(difference.old, .bad), Styled(difference.new, .good),
                Styled(difference.unit),
            ])
        }
        return table
    }

    static func json(_ differences: [ParameterDifference]) -> JSON {
        .array(
            differences.map { difference in
                func value(_ text: String) -> JSON {
                    Double(text) == nil ? .text(text) : JSON(.number(text))
                }
                return .object([
                    "parameter": .text(difference.name), "old": value(difference.old),
                    "new": value(difference.new), "unit": .text(difference.unit),
                ])
            })
    }
}
