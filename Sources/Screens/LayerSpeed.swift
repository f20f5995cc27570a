import Cells
import Sessions
import Workbench

/// How fast one layer's int8 form ran, what it is bound by, and why it is slow where it is.
struct LayerSpeed: Widget {
  let row: BenchmarkTable.Row

  static let height = 5

  func render(in area: Rect, to buffer: inout CellBuffer) {
    buffer.write(kernel, in: area.row(0))
    buffer.write(speed, in: area.row(1))
    buffer.write(movement, in: area.row(2))
    bound(in: area.row(3), to: &buffer)
    buffer.write(remark, in: area.row(4))
  }

  private static let label = 8

  private func line(_ label: String, _ text: StyledText) -> StyledText {
    let space = String(repeating: " ", count: max(Self.label - label.count, 1))
    return StyledText(label + space, .header) + text
  }

  private var kernel: StyledText {
    var text = StyledText(row.int8Kernel.isEmpty ? "–" : row.int8Kernel)
    if let run = row.safeRun {
      text =
        text
        + StyledText("  16-bit sums widen after \(Numbers.fixed(run, places: 0)) products", .dim)
    } else if row.int8GigaMACs != nil, !row.int8Kernel.contains("fp32") {
      text = text + StyledText("  sums of 32 bits", .dim)
    }
    return line("kernel", text)
  }

  private var speed: StyledText {
    var text = StyledText(
      row.int8Microseconds.map { Numbers.fixed($0, places: 1) + " µs" } ?? "not timed")
    if let rate = row.int8GigaMACs {
      text = text + StyledText("  \(Numbers.fixed(rate, places: 1)) GMAC/s")
    }
    if let share = row.shareOfPeak {
      text = text + StyledText("  \(Numbers.percent(share)) of this host's peak", .dim)
    }
    return line("speed", text)
  }

  private var movement: StyledText {
    guard let bytes = row.bytesMoved, let time = row.int8Microseconds, time > 0 else {
      return line("moves", StyledText("–", .dim))
    }
    var text = StyledText(Numbers.bytes(bytes))
    text =
      text + StyledText("  \(Numbers.fixed(Double(bytes) / time * 1e-3, places: 1)) GB/s")
    if row.multiplyAccumulates > 0, bytes > 0 {
      let intensity = Double(row.multiplyAccumulates) / Double(bytes)
      text = text + StyledText("  \(Numbers.fixed(intensity, places: 1)) products a byte", .dim)
    }
    return line("moves", text)
  }

  /// The part of the roof above it that a layer reaches, as a bar.
  private func bound(in area: Rect, to buffer: inout CellBuffer) {
    guard let ceiling = row.ceiling, let share = row.shareOfCeiling else {
      return buffer.write(line("bound", StyledText("measure again: r", .dim)), in: area)
    }
    let unit = ceiling == "arithmetic" ? "GMAC/s" : "GB/s"
    let roof = row.ceilingRate.map { " \(Numbers.fixed($0, places: 0)) \(unit)" } ?? ""
    let text = line(
      "bound", StyledText("by \(ceiling)") + StyledText(roof, .dim) + StyledText("  at "))
    buffer.write(text, in: area)
    let style: Style = share >= 0.6 ? .good : share >= 0.3 ? .plain : .warning
    ProgressBar(fraction: share, style: style, label: Numbers.percent(share)).render(
      in: area.droppingLeading(text.width).leading(32), to: &buffer)
  }

  private var remark: StyledText {
    if let remark = row.remark { return line("why", StyledText(remark, .accent)) }
    guard let share = row.shareOfCeiling, row.multiplyAccumulates > 0 else { return "" }
    return line(
      "why",
      share >= 0.6
        ? StyledText("Near what this host allows.", .good)
        : StyledText("Nothing in its shape explains it.", .dim))
  }
}
