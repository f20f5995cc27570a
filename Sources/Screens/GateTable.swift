import Cells
import Workbench

/// The weights of an LSTM or GRU gate by gate: W for the input, R for the hidden state.
struct GateTable: Widget {
  let gates: [LayerDetail.Gate]

  /// The heading and one row for each gate.
  static func height(of gates: [LayerDetail.Gate]) -> Int { gates.count + 1 }

  func render(in area: Rect, to buffer: inout CellBuffer) {
    Table(
      columns: [
        Table.Column("gate", width: .fixed(4), priority: 9),
        Table.Column("W", width: .flexible(minimum: 15), priority: 8),
        Table.Column("W S", width: .flexible(minimum: 9), priority: 4),
        Table.Column("W dB", alignment: .trailing, width: .fixed(5), priority: 6),
        Table.Column("R", width: .flexible(minimum: 15), priority: 7),
        Table.Column("R S", width: .flexible(minimum: 9), priority: 3),
        Table.Column("R dB", alignment: .trailing, width: .fixed(5), priority: 5),
      ], rowCount: gates.count, selected: nil, offset: 0, isFocused: false
    ) { row in
      let gate = gates[row]
      return Table.Row(
        [.text(StyledText(gate.name, .accent))] + cells(gate.input, area.width)
          + cells(gate.recurrence, area.width))
    }.render(in: area, to: &buffer)
  }

  /// Where there is no room for both ends of the scales, the largest stands for them.
  private func cells(_ part: LayerDetail.Gate.Part, _ width: Int) -> [Table.Cell] {
    [
      .text(StyledText(span(part.range))),
      .text(StyledText(part.scales.map { width < 100 ? most($0) : span($0) } ?? "fp32", .dim)),
      .text(decibels(part.decibels)),
    ]
  }

  private func most(_ range: ClosedRange<Float>) -> String {
    (range.lowerBound == range.upperBound ? "" : "≤") + Numbers.real(range.upperBound)
  }

  private func span(_ range: ClosedRange<Float>) -> String {
    range.lowerBound == range.upperBound
      ? Numbers.real(range.lowerBound)
      : "\(Numbers.real(range.lowerBound))…\(Numbers.real(range.upperBound))"
  }
}
