import Testing

@testable import Cells

@Suite struct ChartTests {
  private static let histogram = Histogram(
    counts: [1, 2, 4, 8, 4, 2, 1, 0, 0, 1], lowerBound: -2, upperBound: 8, clipping: -1...5)

  @Test func aHistogramShowsTheClippingRange() {
    let buffer = CellBuffer.rendering(Self.histogram, width: 34, height: 8)
    #expect(
      buffer.text == """
        8│   │      ██▃         │
         │   │     ▂███         │
         │   │     ████         │
         │   │  ▃█████████      │
         │   ▃▄▄██████████▄▄▄   │
        0│▆▆▆████████████████▇▆▆▂     ▁▆▆▆
         └────────────────────────────────
          -2           [-1, 5]           8
        """)
    #expect(
      buffer.styleText.split(separator: "\n")[5] == "dbcccyyyyyyyyyyyyyyyyyyyc.....cccc")
  }

  @Test func aHistogramIsDrawnInASCII() {
    #expect(
      CellBuffer.rendering(Self.histogram, width: 34, height: 8, glyphs: .ascii).text == """
        8|   |      ##:         |
         |   |     .###         |
         |   |     ####         |
         |   |  :#########      |
         |   :::##########:::   |
        0||||#################||.     .|||
         +--------------------------------
          -2           [-1, 5]           8
        """)
  }

  @Test func rareValuesAreSeenOnALogarithmicAxis() {
    let histogram = Histogram(
      counts: [1000, 1, 0, 10], lowerBound: 0, upperBound: 4, isLogarithmic: true, showsAxes: false)
    #expect(CellBuffer.rendering(histogram, width: 8, height: 3).text == "██\n██\n██▂▂  ▇▇")
  }

  @Test(arguments: [1, 3, 7, 10, 33, 100])
  func resamplingAHistogramKeepsItsTotal(columns: Int) {
    let counts = Self.histogram.columnCounts(columns, over: -3...9)
    #expect(abs(counts.reduce(0, +) - 23) < 1e-9)
  }

  @Test func aHistogramOfOneValueIsOneColumn() {
    let histogram = Histogram(counts: [5], lowerBound: 3, upperBound: 3, showsAxes: false)
    #expect(CellBuffer.rendering(histogram, width: 5, height: 1).text == "  █")
  }

  @Test func curvesHaveALegendAndGaps() {
    let chart = LineChart(
      series: [
        .init(name: "fp32", values: [1, 2, 4, 8, 16]),
        .init(name: "int8", values: [16, 8, .nan, 2, 1], style: .chart2),
      ], xTitle: "step")
    #expect(
      CellBuffer.rendering(chart, width: 30, height: 9).text == """
        ─ fp32  ─ int8
        16│⠑⢄                       ⡠⠊
          │  ⠑⠤⡀                 ⢀⠤⠊
          │    ⠈⠢⡀             ⢀⠔⠁
          │      ⠈         ⢀⡠⠔⠊⠁
          │          ⣀⣀⡠⠤⠔⠊⠁
         1│⣀⣀⠤⠤⠤⠒⠒⠒⠉⠉          ⠒⠒⠤⠤⠤⣀⣀
          └───────────────────────────
           1          step           5
        """)
  }

  @Test func curvesAreDrawnWithoutBraille() {
    let chart = LineChart(series: [.init(name: "", values: [1, 2, 4, 8, 16])])
    #expect(
      CellBuffer.rendering(chart, width: 30, height: 7, glyphs: .blocks).text == """
        16│                         ▄▀
          │                      ▄▞▀
          │                  ▗▄▄▀
          │          ▄▄▄▄▄▞▀▀▘
         1│▄▄▄▞▀▀▀▀▀▀
          └───────────────────────────
           1                         5
        """)
  }

  @Test func powersMakeALineOnALogarithmicAxis() {
    let chart = LineChart(series: [.init(name: "", values: [1, 10, 100])], isLogarithmic: true)
    #expect(
      CellBuffer.rendering(chart, width: 24, height: 6, glyphs: .ascii).text == """
        100|               *****
           |        *******
           |   *****
          1|***
           +--------------------
            1                  3
        """)
  }

  @Test func aChartWithoutValuesSaysSo() {
    let chart = LineChart(series: [.init(name: "loss", values: [])])
    #expect(CellBuffer.rendering(chart, width: 30, height: 3).text.contains("no values yet"))
  }

  @Test(arguments: [
    (0.24, 0.0, false), (0.25, 0.0, false), (0.26, 0.5, false), (0.75, 1.0, false),
    (-0.5, -0.5, false), (-0.76, -0.5, true), (3.2, 3.0, false), (3.26, 3.0, true), (99, 3, true),
  ])
  func theMappingFunctionRoundsHalfToEvenAndClips(real: Double, value: Double, isClipped: Bool) {
    let mapped = Staircase(scale: 0.5, zeroPoint: 1, codes: 0...7).dequantized(real)
    #expect(mapped.value == value)
    #expect(mapped.isClipped == isClipped)
  }

  @Test func theMappingFunctionHasStepsAndFlatEnds() {
    let buffer = CellBuffer.rendering(
      Staircase(scale: 1, zeroPoint: 0, codes: -1...1, window: -3...3), width: 30, height: 8)
    #expect(
      buffer.text == """
         3│                      ⢀ ⠄⠐
          │                  ⡀⠠ ⠂
          │           ⣀⣀⣀⣀⣄⡟⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉
          │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣠⡇⠂
          │    ⢀ ⠄⠈
        -3│⡀⠠ ⠁
          └───────────────────────────
           -3       real value       3
        """)
    #expect(buffer.styleText.contains("c"))
  }

  @Test func barsAreComparableAndNeverVanish() {
    let chart = BarChart(bars: [
      .init(label: "conv1", value: 4, text: "4.0 ms"),
      .init(label: "encoder/conv2", value: 1.1, text: "1.1 ms", isSelected: true),
      .init(label: "fc", value: 0.001, text: "0 ms", style: .bad),
    ])
    let buffer = CellBuffer.rendering(chart, width: 30, height: 3)
    #expect(
      buffer.text == """
        conv1        ██████████ 4.0 ms
        …coder/conv2 ██▊        1.1 ms
        fc           ▏            0 ms
        """)
    #expect(buffer[0, 1].style == .selection)
  }

  @Test func channelsStandSideBySide() {
    let chart = RangeChart(
      ranges: [-1...1, -0.5...2, -2...0.25, 0...0], clipping: -1...1, selected: 1)
    #expect(
      CellBuffer.rendering(chart, width: 22, height: 8).text == """
         2│     ⣿⣿⣿⣿
          │⣤⣤⣤⣤⡄⣿⣿⣿⣿
          │⣿⣿⣿⣿⡇⣿⣿⣿⣿⢠⣤⣤⣤⣤⢀⣀⣀⣀⡀
          │⣿⣿⣿⣿⡇⠿⠿⠿⠿⢸⣿⣿⣿⣿
          │⠛⠛⠛⠛⠃    ⢸⣿⣿⣿⣿
        -2│         ⢸⣿⣿⣿⣿
          └───────────────────
           0     channel     3
        """)
  }

  @Test func aSparklineShowsTheLatestValues() {
    let line = Sparkline(values: [9, 0, 1, 2, 3, 4, 5, 6, 7, .nan])
    #expect(CellBuffer.rendering(line, width: 9, height: 1).text == "▁▂▃▃▄▅▆▆")
    #expect(
      CellBuffer.rendering(Sparkline(values: [1, 1]), width: 4, height: 1).text == "▅▅")
  }

  @Test(arguments: [
    (0.0, "0"), (12.5, "12.5"), (0.0031, "0.0031"), (-4.5e-7, "-4.5e-07"), (1234, "1.23k"),
    (999.4, "999"), (999.9, "1k"), (2_500_000, "2.5M"), (3e9, "3G"), (1e15, "1.00e+15"),
    (.infinity, "inf"), (.nan, "NaN"),
  ])
  func axisLabelsAreShort(value: Double, text: String) {
    #expect(AxisLabel.text(value) == text)
  }

  @Test func aScaleHasAnExtentWhateverTheValues() {
    for range in [0.0...0.0, 5...5, -1e-300...1e-300, -Double.greatestFiniteMagnitude...1e308] {
      let span = AxisLabel.span(range)
      #expect(span.upperBound > span.lowerBound)
      #expect((span.upperBound - span.lowerBound).isFinite)
    }
  }
}
