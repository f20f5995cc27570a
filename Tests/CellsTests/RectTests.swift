import Testing

@testable import Cells

@Suite struct RectTests {
  private let area = Rect(x: 2, y: 1, width: 10, height: 4)

  @Test func partsAreCutFromTheirEdges() {
    #expect(area.leading(3) == Rect(x: 2, y: 1, width: 3, height: 4))
    #expect(area.trailing(3) == Rect(x: 9, y: 1, width: 3, height: 4))
    #expect(area.top(1) == Rect(x: 2, y: 1, width: 10, height: 1))
    #expect(area.bottom(1) == Rect(x: 2, y: 4, width: 10, height: 1))
    #expect(area.droppingLeading(3) == Rect(x: 5, y: 1, width: 7, height: 4))
    #expect(area.droppingBottom(3) == area.top(1))
    #expect(area.inset(1) == Rect(x: 3, y: 2, width: 8, height: 2))
    #expect(area.centred(width: 4, height: 2) == Rect(x: 5, y: 2, width: 4, height: 2))
  }

  @Test(arguments: [-5, 0, 100, Int.min, Int.max])
  func partsNeverLeaveTheArea(count: Int) {
    for part in [
      area.leading(count), area.trailing(count), area.top(count), area.bottom(count),
      area.centred(width: count, height: count), area.row(count),
    ] {
      #expect(part.intersection(area).size == part.size)
    }
  }

  @Test func insetOfATinyAreaIsEmpty() {
    #expect(Rect(width: 1, height: 1).inset(1).isEmpty)
    #expect(Rect(width: -3, height: 5).width == 0)
  }

  @Test func sharesTakeWhatFixedLengthsLeave() {
    let columns = Rect(width: 20, height: 1).columns([.fixed(4), .share(1), .share(2)], spacing: 1)
    #expect(columns.map(\.width) == [4, 4, 10])
    #expect(columns.map(\.x) == [0, 5, 10])
  }

  @Test func roundingLosesNoCell() {
    for width in 0..<40 {
      let parts = Rect(width: width, height: 1).columns([.share(1), .share(1), .share(1)])
      #expect(parts.reduce(0) { $0 + $1.width } == width)
    }
  }

  @Test func minimumsComeBeforeShares() {
    let rows = Rect(width: 1, height: 10).rows([.share(9, minimum: 2), .share(1, minimum: 6)])
    #expect(rows.map(\.height) == [3, 7])
  }

  @Test func lastPartsVanishFirst() {
    let rows = Rect(width: 1, height: 3).rows([.fixed(2), .fixed(5), .fixed(1)])
    #expect(rows.map(\.height) == [2, 1, 0])
  }
}
