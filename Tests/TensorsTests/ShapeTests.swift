import Tensors
import Testing

@Suite struct ShapeTests {
  @Test(arguments: [
    ([2, 3], [3], [2, 3]), ([1, 4, 1], [2, 1, 5], [2, 4, 5]), ([], [7], [7]),
  ])
  func broadcastsLikeNumPy(left: [Int], right: [Int], expected: [Int]) {
    #expect(Shape(left).broadcast(with: Shape(right)) == Shape(expected))
  }

  @Test func refusesShapesThatDoNotBroadcast() {
    #expect(Shape([2, 3]).broadcast(with: [2]) == nil)
  }

  @Test func countsWithoutOverflow() {
    #expect(Shape([Int.max, 2]).checkedElementCount == nil)
    #expect(Shape([-1, 2]).checkedElementCount == nil)
    #expect(Shape([4, 0, 3]).checkedElementCount == 0)
  }

  @Test func stridesAreRowMajor() {
    #expect(Shape([2, 3, 4]).strides == [12, 4, 1])
  }
}
