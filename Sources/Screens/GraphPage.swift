import Cells
import Workbench

/// Where a layer begins and ends, in codes or reals, and its operators before and after conversion.
struct GraphPage: Widget {
  let state: WorkbenchState
  let detail: LayerDetail

  func render(in area: Rect, to buffer: inout CellBuffer) {
    paragraph.render(in: area, to: &buffer)
  }

  func height(width: Int) -> Int { paragraph.height(width: width) }

  private var paragraph: Paragraph {
    let before = StyledText("before  ", .dim) + StyledText(detail.operators.joined(separator: ", "))
    return Paragraph(detail.boundaries.map(line) + [before, after])
  }

  private func line(_ boundary: LayerDetail.Boundary) -> StyledText {
    let place = StyledText(boundary.isInput ? "in   " : "out  ", .dim)
    let note = StyledText(boundary.note.isEmpty ? "" : "  " + boundary.note, .dim)
    switch boundary.form {
    case .real: return place + StyledText(boundary.edge) + StyledText("  real", .warning) + note
    case .codes(let type):
      let map =
        boundary.range.map { "S \(Numbers.real($0.scale))  Z \($0.zeroPoint)" } ?? "not observed"
      return place + StyledText(boundary.edge) + StyledText("  codes", .activation)
        + StyledText(" \(type)  \(map)") + note
    }
  }

  private var after: StyledText {
    let title = StyledText("after   ", .dim)
    guard state.layers.page == .graph else {
      return title + StyledText("turn to this page", .dim)
    }
    guard let outline = state.layers.outline, outline.layer == detail.layer else {
      return title + StyledText("working it out…", .dim)
    }
    if !outline.problem.isEmpty { return title + StyledText(outline.problem, .warning) }
    return title + StyledText(outline.operators.joined(separator: ", "))
  }
}
