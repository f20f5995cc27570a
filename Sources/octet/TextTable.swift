import Workbench

/// Columns of text, padded; numbers to the right.
struct TextTable {
  enum Alignment { case left, right }

  let columns: [(title: String, alignment: Alignment)]
  private var rows: [[String]] = []

  init(_ columns: [(title: String, alignment: Alignment)]) { self.columns = columns }

  mutating func append(_ row: [String]) {
    precondition(row.count == columns.count, "\(row.count) cells in \(columns.count) columns")
    rows.append(row.map(\.onOneLine))
  }

  func formatted() -> String {
    let widths = columns.indices.map { column in
      rows.map { $0[column].count }.max().map { max($0, columns[column].title.count) }
        ?? columns[column].title.count
    }
    func line(_ cells: [String]) -> String {
      let padded = columns.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return columns[column].alignment == .left ? cells[column] + space : space + cells[column]
      }
      var text = padded.joined(separator: "  ")
      while text.hasSuffix(" ") { text.removeLast() }
      return text
    }
    return ([line(columns.map(\.title))] + rows.map(line)).joined(separator: "\n")
  }
}

/// `98.5 %`.
func percent(_ share: Double?) -> String { share.map { Numbers.decimal($0 * 100) + " %" } ?? "–" }
