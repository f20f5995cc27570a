import Testing

@testable import Cells

@Suite struct TableTests {
  private static let columns = [
    Table.Column("layer", width: .flexible(minimum: 8), priority: 9),
    Table.Column("op", width: .fixed(4)),
    Table.Column("SQNR", alignment: .trailing, width: .fixed(7), priority: 5),
  ]

  private static func table(
    rowCount: Int = 9, selected: Int? = 2, offset: Int = 1, isFocused: Bool = true
  ) -> Table {
    Table(
      columns: columns, rowCount: rowCount, selected: selected, offset: offset,
      sort: Table.Sort(column: 2, isAscending: true), isFocused: isFocused, emptyText: "no layers"
    ) { index in
      let indent = TreeIndent(depth: index % 2, fold: index % 2 == 0 ? .open : .leaf)
      return Table.Row(
        [.tree(indent, "layer\(index)"), "Conv", .text(StyledText("\(index) dB", .good))],
        isMarked: index == 3)
    }
  }

  private static func places(_ width: Int) -> [Table.Column.Place] {
    Table.Column.places(of: columns, sort: nil, in: Rect(width: width, height: 1))
  }

  @Test func drawsRowsMarksSelectionAndSort() {
    let buffer = CellBuffer.rendering(Self.table(), width: 32, height: 5)
    #expect(
      buffer.text == """
          layer            op     SQNR▲
              layer1       Conv    1 dB│
        ▶ ▾ layer2         Conv    2 dB█
         ●    layer3       Conv    3 dB│
          ▾ layer4         Conv    4 dB│
        """)
    #expect(
      buffer.styleText == """
        hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh
        ...........................ggggb
        sssssssssssssssssssssssssssssssd
        .m.........................ggggb
        ..aa.......................ggggb
        """)
  }

  @Test func drawsInASCII() {
    let buffer = CellBuffer.rendering(Self.table(), width: 32, height: 4, glyphs: .ascii)
    #expect(
      buffer.text == """
          layer            op     SQNR^
              layer1       Conv    1 dB:
        > - layer2         Conv    2 dB#
         *    layer3       Conv    3 dB:
        """)
  }

  @Test func anotherPaneHavingTheKeyboardShowsInTheSelectedRow() {
    let buffer = CellBuffer.rendering(Self.table(isFocused: false), width: 32, height: 5)
    #expect(buffer[5, 2].style == .inactiveSelection)
    #expect(buffer[0, 2].character == "▶")
  }

  @Test func saysWhyItIsEmpty() {
    let buffer = CellBuffer.rendering(Self.table(rowCount: 0), width: 32, height: 3)
    #expect(buffer.text == "  layer            op     SQNR▲\n  no layers\n")
  }

  @Test func narrowTablesDropTheLeastImportantColumns() {
    #expect(Self.places(40).map(\.column) == [0, 1, 2])
    #expect(Self.places(20).map(\.column) == [0, 2])
    #expect(Self.places(15).map(\.column) == [0])
    #expect(Self.places(3) == [Table.Column.Place(column: 0, x: 0, width: 3)])
    #expect(Self.places(0).isEmpty)
  }

  @Test func theSortedColumnOutlivesMoreImportantOnes() {
    let places = Table.Column.places(
      of: Self.columns, sort: Table.Sort(column: 1, isAscending: true),
      in: Rect(width: 14, height: 1))
    #expect(places.map(\.column) == [0, 1] || places.map(\.column) == [1])
  }

  @Test func roomIsSharedByWeightUpToAMaximum() {
    let columns = [
      Table.Column("a", width: .flexible(minimum: 2, maximum: 6)),
      Table.Column("b", width: .flexible(minimum: 2, weight: 2)),
    ]
    let places = Table.Column.places(of: columns, sort: nil, in: Rect(width: 31, height: 1))
    #expect(places.map(\.width) == [6, 24])
  }

  @Test func columnsNeverOverlapOrLeaveTheArea() {
    for width in 0..<60 {
      var end = 0
      for place in Self.places(width) {
        #expect(place.x >= end)
        end = place.x + place.width
        #expect(end <= width)
      }
    }
  }

  @Test func onlyRowsThatAreSeenAreAskedFor() {
    final class Asked { var rows: [Int] = [] }
    let asked = Asked()
    let table = Table(
      columns: [Table.Column("n", width: .fixed(4))], rowCount: 100_000, selected: nil,
      offset: 5_000
    ) { index in
      asked.rows.append(index)
      return Table.Row(["\(index)"])
    }
    _ = CellBuffer.rendering(table, width: 10, height: 4)
    #expect(asked.rows == [5_000, 5_001, 5_002])
  }

  @Test func theMouseFindsRowsAndColumns() {
    let area = Rect(x: 10, y: 5, width: 32, height: 5)
    let table = Self.table()
    #expect(table.row(atY: 5, in: area) == nil)
    #expect(table.row(atY: 6, in: area) == 1)
    #expect(table.row(atY: 10, in: area) == nil)
    #expect(table.column(atX: 10 + 2, in: area) == 0)
    #expect(table.column(atX: 10 + 30, in: area) == 2)
    #expect(table.column(atX: 10, in: area) == nil)
  }

  @Test(arguments: [
    // current, selected, visible, count, expected
    (0, 0, 10, 100, 0), (0, 9, 10, 100, 0), (0, 10, 10, 100, 1), (50, 49, 10, 100, 49),
    (95, nil, 10, 100, 90), (-3, nil, 10, 100, 0), (5, 2, 10, 4, 0), (0, 5, 0, 9, 0),
  ])
  func scrollingKeepsTheSelectedRowInSight(
    current: Int, selected: Int?, visible: Int, count: Int, expected: Int
  ) {
    #expect(
      ScrollPosition.offset(current, keeping: selected, visible: visible, of: count) == expected)
  }
}
