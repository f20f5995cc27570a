import Foundation
import Kernels
import Workbench

/// Everything that was found, and on what host.
struct Report: Encodable {
  let model: String
  let processor: String
  let instructionSet: String
  let cores: Int
  let threads: Int
  /// Average number of busy processes over the last minute: what else the host had to do.
  let load: Double
  let findings: [Finding]

  init(_ project: Project, threads: Int, _ findings: [Finding]) {
    model = project.name
    processor = HostDescription.processor
    instructionSet = project.options.instructionSet.rawValue
    cores = AllowedProcessors.count
    self.threads = threads
    var averages = [0.0]
    load = getloadavg(&averages, 1) == 1 ? averages[0] : 0
    self.findings = findings
  }

  func printJSON() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(self), as: UTF8.self))
  }

  var text: String {
    let head =
      "\(model)  \(processor), \(cores) cores, \(instructionSet), \(threads) thread(s), load \(Self.number(load))"
    let titles = ["", "minimum", "median", "worst", "limit", "", "n", "worst at"]
    let rows = findings.map { finding in
      [
        finding.name, Self.number(finding.minimum), Self.number(finding.median),
        Self.number(finding.worst) + " \(finding.unit.rawValue)",
        finding.limit.map { "< " + Self.number($0) } ?? "",
        finding.limit == nil
          ? ""
          : finding.holds ? "holds" : finding.countOver == 0 ? "OVER" : "\(finding.countOver) over",
        "\(finding.count)",
        finding.worstCase,
      ]
    }
    let widths = titles.indices.map { column in
      ([titles] + rows).map { $0[column].count }.max() ?? 0
    }
    let lines = ([titles] + rows).map { cells in
      zip(cells.indices, zip(cells, widths)).map { column, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return (1...4).contains(column) || column == 6 ? space + cell.0 : cell.0 + space
      }.joined(separator: "  ")
    }
    return ([head] + lines).joined(separator: "\n")
  }

  /// Three significant digits are enough for anything that is measured here.
  private static func number(_ value: Double) -> String {
    let places = value < 10 ? 2 : value < 100 ? 1 : 0
    return String(format: "%.\(places)f", value)
  }
}
