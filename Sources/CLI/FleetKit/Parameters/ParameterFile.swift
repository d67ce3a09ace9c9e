// A parameter file as operators write it:
//
//     {"profile": "pi", "scope": {"labels": ["site=a"]}, "notAfter": "2027-01-31",
//      "thermal": {"softLimitC": 78}, "intervals": {"sampleMs": 5000}}
//
// Groups and names are those of Model.Parameter; what isn't there has its default. All that is wrong
// is said at once, each with its line.

import Model

struct ParameterFile {
    var profile = Profile.pi
    var values = ParameterValues()
    var scope = Scope()
    var notAfterMs: Int64 = 0

    struct Problem: Error, Equatable {
        let line: Int
        let text: String
    }

    /// The file that was read, and everything wrong with it; fit to be signed only where that is nothing.
    static func read(_ content: [UInt8]) -> (file: ParameterFile, problems: [Problem]) {
        var reader = ParameterFileReader()
        do {
            reader.read(try JSONReader.read(content))
        } catch {
            reader.problems = [Problem(line: error.line, text: "column \(error.column): \(error.text)")]
        }
        return (reader.file, reader.problems.sorted { ($0.line, $0.text) < ($1.line, $1.text) })
    }

    static func load(_ path: String) throws(Failure) -> ParameterFile {
        let (file, problems) = read(try Files.read(path))
        guard let first = problems.first else { return file }
        let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
        throw Failure(
            "\(path):\(first.line): \(first.text)\(more)", hint: "see them all: fleet parameters lint \(path)")
    }

    /// The groups of the table, in its order, with their parameters.
    static let groups: [(name: String, parameters: [Parameter])] = {
        var groups: [(name: String, parameters: [Parameter])] = []
        for parameter in Parameter.allCases {
            let name = "\(parameter.description.group)"
            if groups.last?.name == name {
                groups[groups.count - 1].parameters.append(parameter)
            } else {
                groups.append((name, [parameter]))
            }
        }
        return groups
    }()

    /// The file with every value written out.
    var json: JSON {
        var members = [JSON.Member(name: "profile", line: 0, value: .text(profile.name))]
        for group in Self.groups {
            let file = values
            let values = group.parameters.map { parameter in
                JSON.Member(
                    name: "\(parameter.description.name)", line: 0,
                    value: JSON.number(file[parameter]))
            }
            members.append(JSON.Member(name: group.name, line: 0, value: JSON(.object(values))))
        }
        return JSON(.object(members))
    }
}
