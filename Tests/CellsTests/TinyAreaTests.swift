import Testing

@testable import Cells

/// Every widget, in every area, with every set of glyphs: none traps, none draws outside.
@Suite struct TinyAreaTests {
  private static let huge = Double.greatestFiniteMagnitude

  private static var widgets: [any Widget] {
    [
      Pane(title: "Layers", badge: "3 of 9", isFocused: true),
      Table(
        columns: [
          Table.Column("layer", width: .flexible(minimum: 8), truncation: .middle),
          Table.Column("share", width: .fixed(10)), Table.Column("line", width: .fixed(5)),
        ], rowCount: 20, selected: 3, offset: 2, sort: Table.Sort(column: 0, isAscending: false)
      ) { index in
        Table.Row(
          [
            .tree(TreeIndent(depth: index, fold: .open), "卷积\(index)"),
            .bar(Double(index) / 10, .chart1, label: "\(index) %"), .sparkline([1, 2, .nan], .dim),
          ], isMarked: true)
      },
      Table(columns: [], rowCount: 3, selected: 0, offset: 9) { _ in Table.Row(["x"]) },
      TreeRow(indent: TreeIndent(depth: 90, fold: .open), text: "layer", isSelected: true),
      ProgressBar(fraction: 0.5), ProgressBar(fraction: .infinity, label: "a long label here"),
      Sparkline(values: [1, .infinity, -huge, huge]), Sparkline(values: []),
      Histogram(counts: [1, 5, 2], lowerBound: -1, upperBound: 2, clipping: -0.5...1.5),
      Histogram(counts: [], lowerBound: 0, upperBound: 0),
      Histogram(
        counts: [.nan, .infinity, 3], lowerBound: -huge, upperBound: huge, clipping: -huge...huge,
        isLogarithmic: true),
      Histogram(counts: [1, 2], lowerBound: .nan, upperBound: .infinity, clipping: 0...0),
      LineChart(series: [.init(name: "loss", values: [3, 2, .nan, 1])], xTitle: "step"),
      LineChart(series: [.init(name: "", values: [huge, -huge, 0])], yRange: -1...1),
      LineChart(series: [.init(name: "", values: [0, -1])], isLogarithmic: true),
      LineChart(series: [], yRange: 0...0),
      BarChart(bars: [.init(label: "conv", value: 3, text: "3 ms", isSelected: true)]),
      BarChart(bars: [.init(label: "", value: .nan), .init(label: "卷积", value: .infinity)]),
      RangeChart(ranges: [-1...1, 0...3], clipping: -1...1, selected: 1),
      RangeChart(ranges: [-huge...huge, -Double.infinity...0]), RangeChart(ranges: []),
      Staircase(scale: 0.1, zeroPoint: 3, codes: -128...127),
      Staircase(scale: huge, zeroPoint: 0, codes: -128...127),
      Staircase(scale: .leastNonzeroMagnitude, zeroPoint: 0, codes: 0...255, window: -1...1),
      Staircase(scale: .nan, zeroPoint: 0, codes: 0...255),
      Paragraph("Some text that is wrapped 卷积层"), KeyHints([.init(key: "?", label: "help")]),
      Popup(
        title: "Title", size: Size(width: 30, height: 9), footer: [.init(key: "y", label: "yes")],
        content: TextField(text: "卷积", cursor: 1, prompt: "> ")),
      TabBar(tabs: ["Layers", "Log"], selected: 9),
      TextField(text: "卷积卷积", cursor: 3, prompt: "prompt ", placeholder: "x"),
      ScrollIndicator(count: 1_000_000, visible: 3, offset: 7),
      ScrollIndicator(count: 3, visible: 0, offset: -7),
      SmallTerminalNotice(needed: Size(width: 80, height: 24)),
    ]
  }

  @Test(arguments: [Glyphs.unicode, .blocks, .ascii]) func nothingIsDrawnOutside(glyphs: Glyphs) {
    let sizes = [0, 1, 2, 3, 4, 5, 7, 11, 23]
    for (index, widget) in Self.widgets.enumerated() {
      for width in sizes + [41] {
        for height in sizes {
          let area = Rect(x: 2, y: 1, width: width, height: height)
          var buffer = CellBuffer(width: width + 4, height: height + 2, glyphs: glyphs)
          buffer.fill(buffer.bounds, with: "@", style: .warning)
          widget.render(in: area, to: &buffer)
          let escaped = (0..<buffer.height).contains { y in
            (0..<buffer.width).contains { x in
              !area.contains(x: x, y: y)
                && buffer[x, y] != Cell(character: "@", style: .warning)
            }
          }
          #expect(!escaped, "widget \(index) in \(width) × \(height)")
          if let cursor = buffer.cursor {
            #expect(area.contains(x: cursor.x, y: cursor.y))
          }
        }
      }
    }
  }

  @Test func areasMayLieAnywhere() {
    for widget in Self.widgets {
      for area in [
        Rect(x: -5, y: -3, width: 20, height: 8), Rect(x: 8, y: 3, width: 20, height: 8),
        Rect(x: 900, y: 900, width: 5, height: 5),
      ] {
        var buffer = CellBuffer(width: 10, height: 5)
        widget.render(in: area, to: &buffer)
        #expect(buffer.bounds == Rect(width: 10, height: 5))
      }
    }
  }

  @Test(arguments: [Size(width: 160, height: 50), Size(width: 300, height: 100)])
  func largeAreasAreFine(size: Size) {
    for widget in Self.widgets {
      let buffer = CellBuffer.rendering(widget, width: size.width, height: size.height)
      #expect(
        buffer.text.split(separator: "\n", omittingEmptySubsequences: false).count == size.height)
    }
  }
}
