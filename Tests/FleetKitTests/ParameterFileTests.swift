import CoreTesting
import Foundation
import Model
import Testing

@testable import FleetKit

@Suite struct ParameterFileTests {
    private func problems(_ text: String) -> [String] {
        ParameterFile.read(Array(text.utf8)).problems.map { "\($0.line): \($0.text)" }
    }

    @Test func theCommittedDefaultsAreTheTables() throws {
        let file = Repository.root.appending(path: "fleet/parameters/default.json").path
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text == ParameterFile().json.pretty, "write it: fleet parameters default > \(file)")
        let (read, problems) = ParameterFile.read(Array(text.utf8))
        #expect(problems == [])
        #expect(read.values == ParameterValues())
    }

    @Test func everyValueIsRead() {
        let (file, problems) = ParameterFile.read(
            Array(
                """
                {"profile": "desktop", "notAfter": "2027-01-31",
                 "scope": {"labels": ["site=a", "rack=1"], "devices": ["3f9a00112233445566778899aabbccdd"]},
                 "thermal": {"softLimitC": 78.5}, "intervals": {"sampleMs": 5e3}}
                """.utf8))
        #expect(problems == [])
        #expect(file.profile == .desktop)
        #expect(file.notAfterMs == 1_801_353_600_000)
        #expect(file.scope.labels.map(\.text) == ["site=a", "rack=1"])
        #expect(file.scope.devices.count == 1)
        #expect(file.values[.softLimitC] == 78.5)
        #expect(file.values[.sampleIntervalMs] == 5000)
        #expect(file.values[.idleC] == 45)
    }

    @Test func everyParameterSurvivesItsFile() {
        for parameter in Parameter.allCases {
            var file = ParameterFile()
            let limits = parameter.description.limits
            for value in [limits.lowerBound, limits.upperBound] {
                file.values[parameter] = value
                #expect(ParameterFile.read(file.json.compact).file.values == file.values)
            }
        }
    }

    @Test func mistakesAreAllSaidWithTheirLines() {
        #expect(
            problems(
                """
                {
                  "profil": "pi",
                  "thermal": {
                    "softLimit": 78,
                    "criticalC": 200,
                    "idleC": "warm",
                    "entropyWeight": 1
                  },
                  "thermal": {},
                  "intervals": {"sampleMs": 100.5, "holdS": 1e999},
                  "memory": 5
                }
                """) == [
                "2: no group “profil”; did you mean profile?",
                "4: no parameter thermal.softLimit; did you mean softLimitC?",
                "5: thermal.criticalC = 200.0 lies outside 45.0…105.0",
                "6: thermal.idleC should be a number (°C), not a text",
                "7: no parameter thermal.entropyWeight; did you mean decision.entropyWeight?",
                "9: “thermal” stands twice in the file, first in line 3",
                "10: intervals.holdS = 1e999 is larger than any number",
                "10: intervals.sampleMs = 100.5 is no whole number",
                "11: memory should be an object { … }, not a number",
            ])
    }

    @Test func valuesAtOddsAreSaid() {
        #expect(
            problems("{\n\"thermal\": {\n\"criticalC\": 79}}")
                == ["3: thermal.softLimitC = 80.0 must lie below thermal.criticalC = 79.0"])
        #expect(
            problems("{\"thermal\": {\n\"idleC\": 1,\n\"idleC\": 2}}")
                == ["3: “idleC” stands twice in thermal, first in line 2"])
    }

    @Test func oddFiles() {
        #expect(problems("") == ["1: column 1: the text ends where a value should stand"])
        #expect(problems("[]") == ["1: the file should be an object { … }, not a list"])
        #expect(problems("{}") == [])
        #expect(problems("{\"thermal\": {\"idleC\": NaN}}").first?.contains("NaN is no number") == true)
        #expect(problems("{\"notAfter\": \"tomorrow\"}").first?.contains("should be a date") == true)
        #expect(problems("{\"scope\": {}}") == ["1: scope names nobody; leave it out, or name whom"])
        #expect(problems("{\"scope\": {\"labels\": [\"a b\"]}}").first?.contains("key=value") == true)
        #expect(problems("{\"scope\": {\"sites\": [1]}}").first?.contains("scope has no “sites”") == true)
    }

    @Test func lintIsForScripts() throws {
        let bench = try Bench(isFounded: false)
        let good = try bench.scratch.file("good.json", "{}")
        let bad = try bench.scratch.file("bad.json", "{\n\"tiers\": {\"highValeu\": 1}}")
        #expect(bench.run("parameters", "lint", good) == .success)
        #expect(bench.run("parameters", "lint", good, bad) == .differs)
        #expect(bench.console.out.contains("bad.json:2: no parameter tiers.highValeu; did you mean highValue?"))
        #expect(bench.run("parameters", "lint", "/nowhere") == .differs)
        #expect(bench.console.error.contains("can't read /nowhere"))
    }

    @Test func diffNeedsNoServerForFiles() throws {
        let bench = try Bench(isFounded: false)
        let file = try bench.scratch.file("a.json", #"{"profile":"desktop","thermal":{"softLimitC":78}}"#)
        #expect(bench.run("parameters", "diff", "default", file) == .differs)
        #expect(bench.console.out.contains("thermal.softLimitC   80       78  °C"))
        #expect(bench.run("parameters", "diff", file, file) == .success)
        #expect(bench.server.requests.isEmpty)
    }
}
